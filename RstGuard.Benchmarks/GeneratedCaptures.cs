using System.Buffers.Binary;

namespace RstGuard.Benchmarks;

/// <summary>Capture files that are the same on each machine and at each time: written as a stream, so of any size.</summary>
internal static class GeneratedCaptures
{
    /// <summary>So many connections are open at once in <see cref="SmallSegments"/>, whatever the file's length.</summary>
    private const int OpenAtOnce = 2_000;

    /// <summary>A full frame of Ethernet: 14 bytes of header, 20 of IP, 32 of TCP with timestamps, 1,448 of payload.</summary>
    private const int FullPayload = 1_448;

    private const int BulkConnections = 16;

    /// <summary>One connection in so many ends with a reset instead of two FINs.</summary>
    private const int ResetEvery = 100;

    /// <summary>
    /// Requests and replies of 1 to 64 bytes, each acknowledged by the next: a handshake, the exchange, and two FINs or a reset. The segments
    /// of 2,000 connections that are open at once stand in turns that look like chance.
    /// </summary>
    /// <returns>The number of resets.</returns>
    public static int SmallSegments(string path, int segments, int connections)
    {
        using CaptureWriter file = new(path);
        int each = segments / connections;
        Talk[] open = [.. Enumerable.Range(0, Math.Min(OpenAtOnce, connections)).Select(index => new Talk(index, each))];
        int next = open.Length, live = open.Length, resets = 0;
        uint chance = 1;
        while (live > 0)
        {
            chance ^= chance << 13;
            chance ^= chance >> 17;
            chance ^= chance << 5;
            int turn = (int)(chance % (uint)live);
            if (open[turn].WriteNext(file))
            {
                continue;
            }

            resets += open[turn].EndsInReset ? 1 : 0;
            open[turn] = next < connections ? new Talk(next++, each) : open[--live];
        }

        return resets;
    }

    /// <summary>Full frames in sixteen connections, every second one acknowledged, until the file is so long; each connection ends with a reset.</summary>
    /// <returns>The number of resets.</returns>
    public static int Bulk(string path, long bytes)
    {
        using CaptureWriter file = new(path);
        Transfer[] transfers = [.. Enumerable.Range(0, BulkConnections).Select(index => new Transfer(index))];
        foreach (Transfer transfer in transfers)
        {
            transfer.Open(file);
        }

        while (file.Length < bytes)
        {
            foreach (Transfer transfer in transfers)
            {
                transfer.WriteTwoAndAcknowledge(file);
            }
        }

        foreach (Transfer transfer in transfers)
        {
            transfer.Abort(file);
        }

        return transfers.Length;
    }

    private sealed class Talk(int index, int segments)
    {
        private readonly TcpFrame _frame = new(index);
        private readonly uint[] _next = [unchecked((uint)index * 2_654_435_761), unchecked((uint)index * 40_503)];
        private int _written;

        public bool EndsInReset => index % ResetEvery == 0;

        /// <summary>Writes the next segment; false where there is none left.</summary>
        public bool WriteNext(CaptureWriter file)
        {
            int left = segments - _written;
            int end = _written % 2;
            switch (_written)
            {
                case 0 or 1:
                    Write(file, end, _written == 0 ? TcpFrame.Syn : (byte)(TcpFrame.Syn | TcpFrame.Ack), 0);
                    _next[end]++;
                    break;
                case 2:
                    Write(file, 0, TcpFrame.Ack, 0);
                    break;
                default:
                    if (left == 0)
                    {
                        return false;
                    }

                    if (EndsInReset && left == 1)
                    {
                        Write(file, end, TcpFrame.Reset | TcpFrame.Ack, 0);
                    }
                    else if (!EndsInReset && left is 2 or 3)
                    {
                        Write(file, end, TcpFrame.Fin | TcpFrame.Ack, 0);
                        _next[end]++;
                    }
                    else if (!EndsInReset && left == 1)
                    {
                        Write(file, end, TcpFrame.Ack, 0);
                    }
                    else
                    {
                        int payload = 1 + (_written * 7 % 64);
                        Write(file, end, TcpFrame.Push | TcpFrame.Ack, payload);
                        _next[end] += (uint)payload;
                    }

                    break;
            }

            _written++;
            return true;
        }

        private void Write(CaptureWriter file, int end, byte flags, int payload) =>
            file.Write(_frame, end, flags, _next[end], (flags & TcpFrame.Ack) != 0 ? _next[1 - end] : 0, payload);
    }

    private sealed class Transfer(int index)
    {
        private readonly TcpFrame _frame = new(index);
        private uint _sent = (uint)index;

        public void Open(CaptureWriter file)
        {
            file.Write(_frame, 0, TcpFrame.Syn, _sent++, 0, 0);
            file.Write(_frame, 1, TcpFrame.Syn | TcpFrame.Ack, 0, _sent, 0);
            file.Write(_frame, 0, TcpFrame.Ack, _sent, 1, 0);
        }

        public void WriteTwoAndAcknowledge(CaptureWriter file)
        {
            for (int i = 0; i < 2; i++)
            {
                file.Write(_frame, 0, TcpFrame.Ack, _sent, 1, FullPayload);
                _sent = unchecked(_sent + FullPayload);
            }

            file.Write(_frame, 1, TcpFrame.Ack, 1, _sent, 0);
        }

        public void Abort(CaptureWriter file) => file.Write(_frame, 1, TcpFrame.Reset | TcpFrame.Ack, 1, _sent, 0);
    }

    /// <summary>The headers of one connection's frames, for each direction, filled in for each segment.</summary>
    private sealed class TcpFrame
    {
        public const byte Fin = 1;
        public const byte Syn = 2;
        public const byte Reset = 4;
        public const byte Push = 8;
        public const byte Ack = 16;

        public const int HeadersLength = 14 + 20 + 32;

        private readonly byte[][] _headers;

        public TcpFrame(int index)
        {
            uint client = 0x0a00_0000u + ((uint)index / 50_000) + 1;
            ushort port = (ushort)(10_000 + (index % 50_000));
            _headers = [Headers(client, port, 0x0a80_0001, 443), Headers(0x0a80_0001, 443, client, port)];
        }

        public ReadOnlySpan<byte> HeadersOf(int end, byte flags, uint sequence, uint acknowledgment, int payload, uint time)
        {
            Span<byte> frame = _headers[end];
            BinaryPrimitives.WriteUInt16BigEndian(frame[16..], (ushort)(HeadersLength - 14 + payload));
            Span<byte> tcp = frame[34..];
            BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
            BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledgment);
            tcp[13] = flags;
            BinaryPrimitives.WriteUInt32BigEndian(tcp[24..], time);
            return frame;
        }

        private static byte[] Headers(uint source, ushort sourcePort, uint destination, ushort destinationPort)
        {
            byte[] frame = new byte[HeadersLength];
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
            Span<byte> ip = frame.AsSpan(14);
            ip[0] = 0x45;
            ip[8] = 64;
            ip[9] = 6;
            BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
            BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
            Span<byte> tcp = ip[20..];
            BinaryPrimitives.WriteUInt16BigEndian(tcp, sourcePort);
            BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], destinationPort);
            tcp[12] = 0x80;
            BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 501);

            // Two bytes of padding, then the timestamps.
            tcp[20] = tcp[21] = 1;
            tcp[22] = 8;
            tcp[23] = 10;
            return frame;
        }
    }

    /// <summary>A pcap file with microseconds and Ethernet headers; ten microseconds from frame to frame.</summary>
    private sealed class CaptureWriter : IDisposable
    {
        private static readonly byte[] Payload = [.. Enumerable.Range(0, FullPayload).Select(at => (byte)(at * 31))];

        private readonly FileStream _file;
        private readonly byte[] _record = new byte[16];
        private long _microseconds = 1_700_000_000_000_000;

        public CaptureWriter(string path)
        {
            _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
            Span<byte> header = stackalloc byte[24];
            header.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0xa1b2c3d4);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
            BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 262_144);
            BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
            _file.Write(header);
            Length = header.Length;
        }

        public long Length { get; private set; }

        public void Write(TcpFrame frame, int end, byte flags, uint sequence, uint acknowledgment, int payload)
        {
            int length = TcpFrame.HeadersLength + payload;
            _microseconds += 10;
            BinaryPrimitives.WriteUInt32LittleEndian(_record, (uint)(_microseconds / 1_000_000));
            BinaryPrimitives.WriteUInt32LittleEndian(_record.AsSpan(4), (uint)(_microseconds % 1_000_000));
            BinaryPrimitives.WriteInt32LittleEndian(_record.AsSpan(8), length);
            BinaryPrimitives.WriteInt32LittleEndian(_record.AsSpan(12), length);
            _file.Write(_record);
            _file.Write(frame.HeadersOf(end, flags, sequence, acknowledgment, payload, (uint)(_microseconds / 1000)));
            _file.Write(Payload.AsSpan(0, payload));
            Length += _record.Length + length;
        }

        public void Dispose() => _file.Dispose();
    }
}
