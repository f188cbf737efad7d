namespace RstGuard.Capture;

/// <summary>
/// The last packets of a capture, kept in bounded memory while it runs, so that a reset can be shown with what came before it. Adding
/// copies a packet into one ring and allocates only while the ring grows. One thread adds; <see cref="Replay"/> is for when it has ended.
/// </summary>
public sealed class PacketHistory
{
    private readonly Queue<Entry> _entries = [];
    private readonly int _capacity;
    private readonly int _snapLength;
    private byte[] _ring;
    private int _start;
    private int _used;

    /// <summary>Makes an empty history.</summary>
    /// <param name="capacity">How many bytes of packets it keeps at the most, 1 KiB to 1 GiB; older packets give way. It begins with 64 KiB and grows to that.</param>
    /// <param name="snapLength">How many bytes of one packet it keeps, 64 to <paramref name="capacity"/>: 256 hold all headers of a TCP segment.</param>
    public PacketHistory(int capacity = 8 << 20, int snapLength = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(snapLength, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(snapLength, capacity);
        _capacity = capacity;
        _snapLength = snapLength;
        _ring = new byte[Math.Min(capacity, 1 << 16)];
    }

    /// <summary>How many packets had to give way.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Keeps a copy of a packet.</summary>
    public void Add(in CapturedPacket packet)
    {
        ReadOnlySpan<byte> data = packet.Data[..Math.Min(packet.Data.Length, _snapLength)];
        if (_used + data.Length > _ring.Length && _ring.Length < _capacity)
        {
            Grow(_used + data.Length);
        }

        // Empty packets take no room in the ring, and are bounded all the same.
        while (_entries.Count > 0 && (_used + data.Length > _ring.Length || _entries.Count >= _capacity / 32))
        {
            int length = _entries.Dequeue().Length;
            _start = (_start + length) % _ring.Length;
            _used -= length;
            Forgotten++;
        }

        int at = (_start + _used) % _ring.Length;
        int first = Math.Min(data.Length, _ring.Length - at);
        data[..first].CopyTo(_ring.AsSpan(at));
        data[first..].CopyTo(_ring);
        _used += data.Length;
        _entries.Enqueue(new Entry(data.Length, packet.WireLength, packet.TimestampNanoseconds, packet.LinkType, packet.InterfaceIndex, packet.Number));
    }

    /// <summary>The packets that are kept, in their order and with the numbers they had. Nothing may be added while it is read.</summary>
    public IPacketSource Replay() => new Reader(this);

    private void Grow(int needed)
    {
        byte[] larger = new byte[Math.Min(_capacity, Math.Max(needed, 2 * _ring.Length))];
        int first = Math.Min(_used, _ring.Length - _start);
        _ring.AsSpan(_start, first).CopyTo(larger);
        _ring.AsSpan(0, _used - first).CopyTo(larger.AsSpan(first));
        _ring = larger;
        _start = 0;
    }

    private readonly record struct Entry(int Length, int WireLength, long TimestampNanoseconds, LinkType LinkType, int InterfaceIndex, long Number);

    private sealed class Reader(PacketHistory history) : IPacketSource
    {
        private readonly Entry[] _entries = [.. history._entries];
        private readonly byte[] _packet = new byte[history._snapLength];
        private int _at = history._start;
        private int _next;

        public string Description => $"the last {_entries.Length} packets of a capture";

        public bool IsLive => false;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            if (_next >= _entries.Length)
            {
                packet = default;
                return ReadResult.Ended;
            }

            Entry entry = _entries[_next++];
            byte[] ring = history._ring;
            int first = Math.Min(entry.Length, ring.Length - _at);
            ring.AsSpan(_at, first).CopyTo(_packet);
            ring.AsSpan(0, entry.Length - first).CopyTo(_packet.AsSpan(first));
            _at = (_at + entry.Length) % ring.Length;
            packet = new CapturedPacket(_packet.AsSpan(0, entry.Length), entry.WireLength, entry.TimestampNanoseconds, entry.LinkType, entry.InterfaceIndex, entry.Number);
            return ReadResult.Packet;
        }

        public CaptureStatistics GetStatistics() => new(_entries.Length + history.Forgotten, history.Forgotten);

        public void Dispose() => _next = _entries.Length;
    }
}
