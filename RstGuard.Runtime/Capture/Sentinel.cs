using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RstGuard.Capture;

/// <summary>
/// A datagram of our own that is sent through a live capture at its end. When it has been read, every packet sent before it has
/// been read or was dropped; when it does not come, the capture was not working.
/// </summary>
internal static class Sentinel
{
    /// <summary>The first eight bytes of its payload, "RstGuard", by which capture filters let it pass.</summary>
    public const ulong Magic = 0x5273_7447_7561_7264;

    public const int Length = 24;

    /// <summary>A payload that no other sentinel has.</summary>
    public static byte[] CreatePayload()
    {
        byte[] payload = new byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(payload, Magic);
        RandomNumberGenerator.Fill(payload.AsSpan(8));
        return payload;
    }

    /// <summary>Whether a packet is the sentinel with the given payload.</summary>
    public static bool IsMatch(in CapturedPacket packet, ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> data = packet.Data;
        if (packet.LinkType == LinkType.Ethernet)
        {
            data = data.Length > 14 ? data[14..] : default;
        }

        if (data.Length < 20 + 8 + Length || data[0] >> 4 != 4 || data[9] != 17)
        {
            return false;
        }

        int start = ((data[0] & 0xf) * 4) + 8;
        return data.Length >= start + Length && data.Slice(start, Length).SequenceEqual(payload);
    }
}
