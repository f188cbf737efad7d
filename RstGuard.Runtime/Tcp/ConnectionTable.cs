namespace RstGuard.Tcp;

/// <summary>The connections that a capture has shown, in bounded memory: the one idle longest gives way, a finished one first.</summary>
internal sealed class ConnectionTable(int capacity)
{
    private readonly Dictionary<ConnectionKey, Connection> _connections = [];
    private readonly LinkedList<Connection> _open = [];
    private readonly LinkedList<Connection> _over = [];

    /// <summary>Called with each connection that leaves the table, before it does.</summary>
    public Action<Connection>? Leaving { get; init; }

    /// <summary>How many connections left while they were still open, so that a later reset of theirs lacks its story.</summary>
    public long Evictions { get; private set; }

    public int Count => _connections.Count;

    public IEnumerable<Connection> Connections => _connections.Values;

    /// <summary>Adds a segment to its connection.</summary>
    public Connection Add(in TcpSegment segment, out int sender)
    {
        ConnectionKey key = ConnectionKey.Of(segment.Source, segment.Destination, out sender);
        bool followsUnfinished = false;
        EarlierIncarnation? earlier = null;
        if (_connections.TryGetValue(key, out Connection? connection) && connection.IsSucceededBy(segment, sender))
        {
            followsUnfinished = !connection.IsOver;
            earlier = connection.Summarize();
            Remove(connection);
            connection = null;
        }

        if (connection is null)
        {
            MakeRoom();
            connection = new Connection(key, followsUnfinished, earlier);
            connection.Node = new LinkedListNode<Connection>(connection);
            _connections.Add(key, connection);
        }

        connection.Add(segment, sender);
        connection.Node!.List?.Remove(connection.Node);
        (connection.IsOver || segment.IsReset ? _over : _open).AddLast(connection.Node);
        return connection;
    }

    private void MakeRoom()
    {
        while (_connections.Count >= capacity)
        {
            if (_over.First is { } over)
            {
                Remove(over.Value);
            }
            else
            {
                Evictions++;
                Remove(_open.First!.Value);
            }
        }
    }

    private void Remove(Connection connection)
    {
        Leaving?.Invoke(connection);
        _connections.Remove(connection.Key);
        connection.Node!.List?.Remove(connection.Node);
    }
}
