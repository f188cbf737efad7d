using System.Buffers.Binary;
using RstGuard.Capture;

namespace RstGuard.Tests.Robustness;

/// <summary>Changes captures: the bytes of a file, those of its packets, or which packets there are. What it makes depends on the number alone.</summary>
internal sealed class CaptureMutator
{
    private const int MostLength = 16_384;

    private static readonly uint[] Interesting =
        [0, 1, 3, 4, 7, 8, 12, 15, 16, 20, 28, 32, 40, 60, 63, 64, 127, 128, 255, 256, 512, 1_000, 1_024, 4_096, 16_383, 32_767, 32_768, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 1 << 24, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, uint.MaxValue];

    private static readonly LinkType[] Links = Enum.GetValues<LinkType>();

    private readonly byte[][] _files;
    private readonly RecordedPacket[][] _conversations;

    public CaptureMutator(byte[][] files)
    {
        _files = files;
        _conversations = [.. files.Select(Read)];
    }

    /// <summary>The mutated capture of this number: the bytes of a file, or its packets, with their bytes one after the other.</summary>
    public (byte[] Bytes, IReadOnlyList<RecordedPacket>? Packets) Make(long number)
    {
        Chance chance = new(number);
        int seed = chance.Below(_files.Length);
        if (chance.Below(2) == 0)
        {
            return (MutateBytes(_files[seed], ref chance, wholeFile: true), null);
        }

        List<RecordedPacket> packets = [.. _conversations[seed]];
        for (int times = chance.Below(4); times > 0 && packets.Count > 0; times--)
        {
            int at = chance.Below(packets.Count);
            switch (chance.Below(6))
            {
                case 0:
                    packets.RemoveAt(at);
                    break;
                case 1:
                    packets.Insert(chance.Below(packets.Count), packets[at]);
                    break;
                case 2:
                    int other = chance.Below(packets.Count);
                    (packets[at], packets[other]) = (packets[other], packets[at]);
                    break;
                case 3:
                    packets[at] = packets[at] with { TimestampNanoseconds = (long)(chance.Next() >> 1) >> chance.Below(40) };
                    break;
                case 4:
                    packets[at] = packets[at] with { LinkType = Links[chance.Below(Links.Length)] };
                    break;
                default:
                    packets[at] = packets[at] with { WireLength = (int)(Interesting[chance.Below(Interesting.Length)] & int.MaxValue) };
                    break;
            }
        }

        for (int times = 1 + chance.Below(3); times > 0 && packets.Count > 0; times--)
        {
            int at = chance.Below(packets.Count);
            packets[at] = packets[at] with { Data = MutateBytes(packets[at].Data.ToArray(), ref chance, wholeFile: false) };
        }

        return ([.. packets.SelectMany(packet => packet.Data.ToArray())], packets);
    }

    private static RecordedPacket[] Read(byte[] bytes)
    {
        using CaptureFile file = CaptureFile.Open(new MemoryStream(bytes), "a seed");
        return [.. RecordedPackets.CopyFrom(file, TimeSpan.Zero)];
    }

    private byte[] MutateBytes(byte[] original, ref Chance chance, bool wholeFile)
    {
        List<byte> bytes = [.. original];
        Span<byte> written = stackalloc byte[4];
        for (int times = 1 << chance.Below(5); times > 0 && bytes.Count > 0; times--)
        {
            // Headers stand at the beginning: half of the changes are made there.
            int at = chance.Below(chance.Below(2) == 0 ? bytes.Count : Math.Min(bytes.Count, wholeFile ? 160 : 64));
            switch (chance.Below(9))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << chance.Below(8));
                    break;
                case 1:
                    bytes[at] = (byte)chance.Below(256);
                    break;
                case 2:
                    bytes[at] = (byte)Interesting[chance.Below(Interesting.Length)];
                    break;
                case 3 or 4:
                    int width = chance.Below(2) == 0 ? 2 : 4;
                    int aligned = at & ~(width - 1);
                    if (aligned + width <= bytes.Count)
                    {
                        uint value = Interesting[chance.Below(Interesting.Length)];
                        if (chance.Below(2) == 0)
                        {
                            BinaryPrimitives.WriteUInt32LittleEndian(written, value);
                        }
                        else
                        {
                            BinaryPrimitives.WriteUInt32BigEndian(written, width == 2 ? value << 16 : value);
                        }

                        for (int i = 0; i < width; i++)
                        {
                            bytes[aligned + i] = written[i];
                        }
                    }

                    break;
                case 5:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + chance.Below(32)));
                    break;
                case 6:
                    if (bytes.Count < MostLength)
                    {
                        bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + chance.Below(64))));
                    }

                    break;
                case 7:
                    byte[] other = _files[chance.Below(_files.Length)];
                    int from = chance.Below(other.Length);
                    if (bytes.Count < MostLength)
                    {
                        bytes.InsertRange(at, other.AsSpan(from, Math.Min(other.Length - from, 1 + chance.Below(256))));
                    }

                    break;
                default:
                    if (chance.Below(4) == 0)
                    {
                        bytes.RemoveRange(at, bytes.Count - at);
                    }

                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).</summary>
    private struct Chance(long seed)
    {
        private ulong _state = unchecked((ulong)seed * 0xd134_2543_de82_ef95);

        public ulong Next()
        {
            ulong mixed = unchecked(_state += 0x9e37_79b9_7f4a_7c15);
            mixed = unchecked((mixed ^ (mixed >> 30)) * 0xbf58_476d_1ce4_e5b9);
            mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94d0_49bb_1331_11eb);
            return mixed ^ (mixed >> 31);
        }

        public int Below(int bound) => (int)(((UInt128)Next() * (uint)bound) >> 64);
    }
}
