using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Tests.Diagnosis;

/// <summary>A segment that a test can change: read from a packet, or made, and turned into a packet.</summary>
internal sealed record WireSegment(IPEndPoint Source, IPEndPoint Destination, TcpFlags Flags, uint SequenceNumber, uint AcknowledgmentNumber)
{
    public ushort Window { get; init; } = 512;

    public byte[] Options { get; init; } = [];

    public byte[] Payload { get; init; } = [];

    /// <summary>Payload that was on the wire behind <see cref="Payload"/>, and that a capture cut off.</summary>
    public int CutPayload { get; init; }

    public byte TypeOfService { get; init; }

    public byte HopLimit { get; init; } = 64;

    public long Time { get; init; }

    public int PayloadLength => Payload.Length + CutPayload;

    public bool IsReset => Flags.HasFlag(TcpFlags.Reset);

    /// <summary>Whether later sequence or acknowledgment numbers show that this segment was there.</summary>
    public bool TakesSequenceSpace => !IsReset && (PayloadLength > 0 || (Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0);

    public static WireSegment? TryParse(RecordedPacket packet) =>
        TcpSegment.TryParse(new CapturedPacket(packet.Data.Span, Math.Max(packet.WireLength, packet.Data.Length), packet.TimestampNanoseconds, packet.LinkType, 0, 1), out TcpSegment segment)
            ? new WireSegment(segment.Source.ToIPEndPoint(), segment.Destination.ToIPEndPoint(), segment.Flags, segment.SequenceNumber, segment.AcknowledgmentNumber)
            {
                Window = segment.Window,
                Options = segment.Options.ToArray(),
                Payload = segment.Payload.ToArray(),
                CutPayload = segment.PayloadLength - segment.Payload.Length,
                TypeOfService = segment.TypeOfService,
                HopLimit = segment.HopLimit,
                Time = segment.TimestampNanoseconds,
            }
            : null;

    public RecordedPacket ToPacket()
    {
        bool version4 = Source.AddressFamily == AddressFamily.InterNetwork;
        int header = version4 ? 20 : 40;
        byte[] data = new byte[header + 20 + Options.Length + Payload.Length];
        if (version4)
        {
            data[0] = 0x45;
            data[1] = TypeOfService;
            BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), (ushort)(data.Length + CutPayload));
            data[8] = HopLimit;
            data[9] = 6;
        }
        else
        {
            data[0] = (byte)(0x60 | (TypeOfService >> 4));
            data[1] = (byte)(TypeOfService << 4);
            BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), (ushort)(data.Length + CutPayload - header));
            data[6] = 6;
            data[7] = HopLimit;
        }

        Source.Address.GetAddressBytes().CopyTo(data, version4 ? 12 : 8);
        Destination.Address.GetAddressBytes().CopyTo(data, version4 ? 16 : 24);
        Span<byte> tcp = data.AsSpan(header);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)Source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)Destination.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], SequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], AcknowledgmentNumber);
        tcp[12] = (byte)((20 + Options.Length) / 4 << 4);
        tcp[13] = (byte)Flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], Window);
        Options.CopyTo(tcp[20..]);
        Payload.CopyTo(tcp[(20 + Options.Length)..]);
        return new RecordedPacket(data, Time, WireLength: data.Length + CutPayload);
    }
}
