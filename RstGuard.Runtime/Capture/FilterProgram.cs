using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RstGuard.Capture;

/// <summary>
/// A <see cref="CaptureFilter"/> as classic BPF for a packet socket of type SOCK_DGRAM, where offset 0 is the IP header
/// (Linux <c>Documentation/networking/filter.rst</c>). It also takes the <see cref="Sentinel"/> datagram.
/// </summary>
internal static class FilterProgram
{
    private const uint AncillaryPacketType = unchecked((uint)(-0x1000 + 4));
    private const uint Outgoing = 4;
    private const uint AcceptLength = 0x40000;

    private const ushort LoadByte = 0x30;
    private const ushort LoadHalf = 0x28;
    private const ushort LoadWord = 0x20;
    private const ushort LoadHalfIndexed = 0x48;
    private const ushort LoadWordIndexed = 0x40;
    private const ushort LoadHeaderLengthIntoIndex = 0xb1;
    private const ushort And = 0x54;
    private const ushort JumpAlways = 0x05;
    private const ushort JumpEqual = 0x15;
    private const ushort JumpSet = 0x45;
    private const ushort Return = 0x06;

    private enum Label
    {
        Accept,
        Reject,
        Version4,
        Version6,
        Sentinel,
        Ports4,
        Ports6,
    }

    /// <summary>One instruction in the kernel's layout (<c>struct sock_filter</c>).</summary>
    internal readonly record struct Instruction(ushort Code, byte JumpTrue, byte JumpFalse, uint Value);

    /// <summary>Translates a filter.</summary>
    /// <param name="filter">What to take.</param>
    /// <param name="dropOutgoing">
    /// Whether to drop the copy a loopback interface shows at sending; each packet there is seen a second time at receiving.
    /// </param>
    /// <exception cref="ArgumentException">The filter has more than <see cref="CaptureFilter.MaxEntries"/> entries of a kind, a port out of range, or an address that is neither IPv4 nor IPv6.</exception>
    public static Instruction[] Compile(CaptureFilter filter, bool dropOutgoing)
    {
        if (filter.Addresses.Count > CaptureFilter.MaxEntries || filter.Ports.Count > CaptureFilter.MaxEntries)
        {
            throw new ArgumentException($"A capture filter takes at most {CaptureFilter.MaxEntries} addresses and {CaptureFilter.MaxEntries} ports. Use fewer, or none to capture all TCP.", nameof(filter));
        }

        foreach (int port in filter.Ports)
        {
            if (port is < 1 or > 65535)
            {
                throw new ArgumentException($"{port} is not a TCP port; ports are 1 to 65535.", nameof(filter));
            }
        }

        List<byte[]> version4 = [];
        List<byte[]> version6 = [];
        foreach (IPAddress given in filter.Addresses)
        {
            IPAddress address = given.IsIPv4MappedToIPv6 ? given.MapToIPv4() : given;
            (address.AddressFamily == AddressFamily.InterNetwork ? version4 : version6).Add(address.GetAddressBytes());
        }

        Assembler program = new();
        if (dropOutgoing)
        {
            program.Add(LoadByte, AncillaryPacketType);
            program.JumpIf(JumpEqual, Outgoing, Label.Reject);
        }

        program.Add(LoadByte, 0);
        program.Add(And, 0xf0);
        program.JumpIf(JumpEqual, 0x40, Label.Version4);
        program.JumpIf(JumpEqual, 0x60, Label.Version6);
        program.Jump(Label.Reject);

        program.Mark(Label.Version4);
        program.Add(LoadByte, 9);
        program.JumpIf(JumpEqual, (uint)ProtocolType.Udp, Label.Sentinel);
        program.JumpUnlessEqual((uint)ProtocolType.Tcp, Label.Reject);
        program.Add(LoadHalf, 6);
        program.JumpIf(JumpSet, 0x1fff, Label.Reject);
        if (filter.Addresses.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[12, 16])
            {
                program.Add(LoadWord, offset);
                foreach (byte[] address in version4)
                {
                    program.JumpIf(JumpEqual, BinaryPrimitives.ReadUInt32BigEndian(address), Label.Ports4);
                }
            }

            program.Jump(Label.Reject);
        }

        program.Mark(Label.Ports4);
        if (filter.Ports.Count > 0)
        {
            program.Add(LoadHeaderLengthIntoIndex, 0);
            foreach (uint offset in (ReadOnlySpan<uint>)[0, 2])
            {
                program.Add(LoadHalfIndexed, offset);
                foreach (int port in filter.Ports)
                {
                    program.JumpIf(JumpEqual, (uint)port, Label.Accept);
                }
            }

            program.Jump(Label.Reject);
        }
        else
        {
            program.Jump(Label.Accept);
        }

        // Extension headers are rare and of variable length: such packets pass by address, and the parser looks closer.
        program.Mark(Label.Version6);
        if (filter.Addresses.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[8, 24])
            {
                foreach (byte[] address in version6)
                {
                    program.JumpIfAddress6(offset, address, Label.Ports6);
                }
            }

            program.Jump(Label.Reject);
        }

        program.Mark(Label.Ports6);
        program.Add(LoadByte, 6);
        foreach (uint extension in (ReadOnlySpan<uint>)[0, 43, 44, 60])
        {
            program.JumpIf(JumpEqual, extension, Label.Accept);
        }

        program.JumpUnlessEqual((uint)ProtocolType.Tcp, Label.Reject);
        if (filter.Ports.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[40, 42])
            {
                program.Add(LoadHalf, offset);
                foreach (int port in filter.Ports)
                {
                    program.JumpIf(JumpEqual, (uint)port, Label.Accept);
                }
            }

            program.Jump(Label.Reject);
        }
        else
        {
            program.Jump(Label.Accept);
        }

        program.Mark(Label.Sentinel);
        program.Add(LoadHalf, 6);
        program.JumpIf(JumpSet, 0x1fff, Label.Reject);
        program.Add(LoadHeaderLengthIntoIndex, 0);
        program.Add(LoadWordIndexed, 8);
        program.JumpUnlessEqual((uint)(Sentinel.Magic >> 32), Label.Reject);
        program.Add(LoadWordIndexed, 12);
        program.JumpUnlessEqual(unchecked((uint)Sentinel.Magic), Label.Reject);
        program.Jump(Label.Accept);

        program.Mark(Label.Accept);
        program.Add(Return, AcceptLength);
        program.Mark(Label.Reject);
        program.Add(Return, 0);
        return program.Link();
    }

    private sealed class Assembler
    {
        private readonly List<Instruction> _instructions = [];
        private readonly List<(int Index, Label Target)> _jumps = [];
        private readonly Dictionary<Label, int> _labels = [];

        public void Add(ushort code, uint value) => _instructions.Add(new(code, 0, 0, value));

        public void Mark(Label label) => _labels.Add(label, _instructions.Count);

        public void Jump(Label target)
        {
            _jumps.Add((_instructions.Count, target));
            Add(JumpAlways, 0);
        }

        // Conditional jumps reach 255 instructions; the unconditional one behind each reaches everything.
        public void JumpIf(ushort test, uint value, Label target)
        {
            _instructions.Add(new(test, 0, 1, value));
            Jump(target);
        }

        public void JumpUnlessEqual(uint value, Label target)
        {
            _instructions.Add(new(JumpEqual, 1, 0, value));
            Jump(target);
        }

        public void JumpIfAddress6(uint offset, ReadOnlySpan<byte> address, Label target)
        {
            for (int word = 0; word < 4; word++)
            {
                Add(LoadWord, offset + (uint)(4 * word));
                int instructionsToSkip = ((3 - word) * 2) + 1;
                _instructions.Add(new(JumpEqual, 0, (byte)instructionsToSkip, BinaryPrimitives.ReadUInt32BigEndian(address[(4 * word)..])));
            }

            Jump(target);
        }

        public Instruction[] Link()
        {
            foreach ((int index, Label target) in _jumps)
            {
                _instructions[index] = _instructions[index] with { Value = (uint)(_labels[target] - index - 1) };
            }

            return [.. _instructions];
        }
    }
}
