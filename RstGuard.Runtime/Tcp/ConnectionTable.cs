using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace RstGuard.Tcp;

/// <summary>The connections that a capture has shown, in bounded memory: the one idle longest gives way, a finished one first.</summary>
internal sealed class ConnectionTable
{
    private const int InitialPlaces = 1024;

    private readonly int _capacity;
    private readonly ConnectionAge _open = new();
    private readonly ConnectionAge _over = new();
    private readonly SegmentRecorders _recorders = new();

    // What a capture holds must not choose who collides.
    private readonly ulong _secret = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    // Open addressing with linear probing, never more than half full; a power of two.
    private Place[] _places = new Place[InitialPlaces];

    public ConnectionTable(int capacity) => _capacity = capacity;

    /// <summary>Called with each connection that leaves the table, before it does.</summary>
    public Action<Connection>? Leaving { get; init; }

    /// <summary>How many connections left while they were still open, so that a later reset of theirs lacks its story.</summary>
    public long Evictions { get; private set; }

    public int Count { get; private set; }

    /// <summary>All of them: those that are over, then the open ones, the one idle longest first.</summary>
    public IEnumerable<Connection> Connections => _over.All.Concat(_open.All);

    /// <summary>Adds a segment to its connection.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Connection Add(in TcpSegment segment, out int sender)
    {
        ConnectionKey key = ConnectionKey.Of(segment.Source, segment.Destination, out sender);
        uint hash = HashOf(key);
        bool followsUnfinished = false;
        EarlierIncarnation? earlier = null;
        Connection? connection = Find(key, hash);
        if (connection is not null && segment.IsSyn && connection.IsSucceededBy(segment, sender))
        {
            followsUnfinished = !connection.IsOver;
            earlier = connection.Summarize();
            Remove(connection);
            connection = null;
        }

        if (connection is null)
        {
            MakeRoom();
            connection = new Connection(key, hash, _recorders.Take(), followsUnfinished, earlier);
            Insert(connection);
        }

        connection.Add(segment, sender);
        (connection.IsOver || segment.IsReset ? _over : _open).MoveToYoungest(connection);
        return connection;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private uint HashOf(in ConnectionKey key)
    {
        ulong hash = Fold(key.First.Low ^ _secret, key.Second.Low ^ BitOperations.RotateLeft(_secret, 32));
        hash = Fold(hash ^ key.First.High, _secret ^ key.Second.High);
        return (uint)(Fold(hash ^ ((ulong)key.First.Port << 16) ^ key.Second.Port, _secret) >> 16);
    }

    private static ulong Fold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Connection? Find(in ConnectionKey key, uint hash)
    {
        Place[] places = _places;
        int mask = places.Length - 1;
        for (int at = (int)hash & mask; ; at = (at + 1) & mask)
        {
            ref Place place = ref places[at];
            if (place.Connection is null || (place.Hash == hash && place.Connection.Key.Equals(key)))
            {
                return place.Connection;
            }
        }
    }

    private void Insert(Connection connection)
    {
        Count++;
        if (2 * Count > _places.Length)
        {
            Place[] smaller = _places;
            _places = new Place[2 * smaller.Length];
            foreach (Place place in smaller)
            {
                if (place.Connection is not null)
                {
                    _places[FreeAt(place.Hash)] = place;
                }
            }
        }

        _places[FreeAt(connection.Hash)] = new Place(connection.Hash, connection);
    }

    private int FreeAt(uint hash)
    {
        int mask = _places.Length - 1;
        int at = (int)hash & mask;
        while (_places[at].Connection is not null)
        {
            at = (at + 1) & mask;
        }

        return at;
    }

    private void MakeRoom()
    {
        while (Count >= _capacity)
        {
            if (_over.Oldest is { } over)
            {
                Remove(over);
            }
            else
            {
                Evictions++;
                Remove(_open.Oldest!);
            }
        }
    }

    private void Remove(Connection connection)
    {
        Leaving?.Invoke(connection);
        Count--;
        connection.Age!.Remove(connection);
        _recorders.Return(connection.Recorder);

        int mask = _places.Length - 1;
        int hole = (int)connection.Hash & mask;
        while (_places[hole].Connection != connection)
        {
            hole = (hole + 1) & mask;
        }

        // Those behind it that a probe reaches only over this place move up, so that no search ends too early.
        for (int at = (hole + 1) & mask; _places[at].Connection is not null; at = (at + 1) & mask)
        {
            int home = (int)_places[at].Hash & mask;
            if (((at - home) & mask) >= ((at - hole) & mask))
            {
                _places[hole] = _places[at];
                hole = at;
            }
        }

        _places[hole] = default;
    }

    private readonly record struct Place(uint Hash, Connection? Connection);
}

/// <summary>Connections in the order of their last segment. A connection is in one of these at the most, and has its place in itself.</summary>
internal sealed class ConnectionAge
{
    private Connection? _youngest;

    public Connection? Oldest { get; private set; }

    /// <summary>The connections, the oldest first.</summary>
    public IEnumerable<Connection> All
    {
        get
        {
            for (Connection? connection = Oldest; connection is not null; connection = connection.Younger)
            {
                yield return connection;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void MoveToYoungest(Connection connection)
    {
        if (_youngest == connection)
        {
            return;
        }

        connection.Age?.Remove(connection);
        connection.Age = this;
        connection.Older = _youngest;
        if (_youngest is null)
        {
            Oldest = connection;
        }
        else
        {
            _youngest.Younger = connection;
        }

        _youngest = connection;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Remove(Connection connection)
    {
        if (connection.Older is { } older)
        {
            older.Younger = connection.Younger;
        }
        else
        {
            Oldest = connection.Younger;
        }

        if (connection.Younger is { } younger)
        {
            younger.Older = connection.Older;
        }
        else
        {
            _youngest = connection.Older;
        }

        connection.Older = connection.Younger = null;
        connection.Age = null;
    }
}

/// <summary>A connection's place for its last <see cref="Connection.RecorderLength"/> segments.</summary>
internal readonly record struct SegmentRecorder(SegmentRecord[] Records, int Start)
{
    public ref SegmentRecord this[long number] => ref Records[Start + (int)(number % Connection.RecorderLength)];
}

/// <summary>The recorders of many connections in one array: few objects for the garbage collector, and used again.</summary>
internal sealed class SegmentRecorders
{
    // So large that the arrays lie where the collector doesn't move them.
    private const int RecordersInArray = 128;

    private readonly Stack<SegmentRecorder> _free = [];

    /// <summary>A recorder; what it holds means nothing.</summary>
    public SegmentRecorder Take()
    {
        if (_free.Count == 0)
        {
            SegmentRecord[] records = new SegmentRecord[RecordersInArray * Connection.RecorderLength];
            for (int i = RecordersInArray - 1; i >= 0; i--)
            {
                _free.Push(new SegmentRecorder(records, i * Connection.RecorderLength));
            }
        }

        return _free.Pop();
    }

    public void Return(SegmentRecorder recorder) => _free.Push(recorder);
}
