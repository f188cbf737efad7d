using System.Buffers.Binary;
using System.Net;

namespace RstGuard.Tcp;

/// <summary>An address and port without allocation; IPv4 is kept in its IPv4-mapped form.</summary>
/// <param name="High">The upper half of the IPv6 address.</param>
/// <param name="Low">The lower half.</param>
/// <param name="Port">The port.</param>
internal readonly record struct TcpEndpoint(ulong High, ulong Low, ushort Port) : IComparable<TcpEndpoint>
{
    private const ulong MappedPrefix = 0xffff_0000_0000;

    public bool IsIPv4 => High == 0 && Low >> 32 == 0xffff;

    public static TcpEndpoint FromIPv4(ReadOnlySpan<byte> address, ushort port) =>
        new(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(address), port);

    public static TcpEndpoint FromIPv6(ReadOnlySpan<byte> address, ushort port) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), port);

    public static TcpEndpoint From(IPEndPoint endPoint)
    {
        byte[] bytes = endPoint.Address.MapToIPv6().GetAddressBytes();
        return FromIPv6(bytes, (ushort)endPoint.Port);
    }

    public int CompareTo(TcpEndpoint other)
    {
        int order = High.CompareTo(other.High);
        order = order != 0 ? order : Low.CompareTo(other.Low);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return new IPEndPoint(new IPAddress(IsIPv4 ? bytes[12..] : bytes), Port);
    }

    public override string ToString() => ToIPEndPoint().ToString();
}

/// <summary>A connection's two ends in an order that does not depend on the direction of a segment.</summary>
internal readonly record struct ConnectionKey(TcpEndpoint First, TcpEndpoint Second)
{
    /// <summary>The key of a segment's connection, and which end sent it.</summary>
    public static ConnectionKey Of(TcpEndpoint source, TcpEndpoint destination, out int sender)
    {
        sender = source.CompareTo(destination) <= 0 ? 0 : 1;
        return sender == 0 ? new(source, destination) : new(destination, source);
    }
}
