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
    private const uint WholePacket = 0x40000;

    // Three bits of the flags (RFC 9293 §3.1).
    private const uint FinSynReset = 0x07;

    // What stands before TCP in IPv6 is followed this far; more of it than this nobody sends, and then the packet passes by its addresses.
    private const int MostExtensionHeaders = 6;

    private const ushort LoadByte = 0x30;
    private const ushort LoadHalf = 0x28;
    private const ushort LoadWord = 0x20;
    private const ushort LoadByteIndexed = 0x50;
    private const ushort LoadHalfIndexed = 0x48;
    private const ushort LoadWordIndexed = 0x40;
    private const ushort LoadHeaderLengthIntoIndex = 0xb1;
    private const ushort LoadMemory = 0x60;
    private const ushort LoadMemoryIntoIndex = 0x61;
    private const ushort LoadImmediate = 0x00;
    private const ushort LoadIndexImmediate = 0x01;
    private const ushort StoreMemory = 0x02;
    private const ushort MoveToIndex = 0x07;
    private const ushort MoveFromIndex = 0x87;
    private const ushort Add = 0x04;
    private const ushort AddIndex = 0x0c;
    private const ushort SubtractIndex = 0x1c;
    private const ushort And = 0x54;
    private const ushort ShiftLeft = 0x64;
    private const ushort ShiftRight = 0x74;
    private const ushort JumpAlways = 0x05;
    private const ushort JumpEqual = 0x15;
    private const ushort JumpGreater = 0x25;
    private const ushort JumpSet = 0x45;
    private const ushort Return = 0x06;

    // Places of the kernel's scratch memory.
    private const uint IPLength = 0;
    private const uint NextHeader = 1;
    private const uint TcpAt = 2;

    private enum Label
    {
        Accept,
        Reject,
        Version4,
        Version6,
        Sentinel,
        Tcp4,
        Extensions6,
        Tcp,
        Detail,
    }

    /// <summary>One instruction in the kernel's layout (<c>struct sock_filter</c>).</summary>
    internal readonly record struct Instruction(ushort Code, byte JumpTrue, byte JumpFalse, uint Value);

    /// <summary>Translates a filter.</summary>
    /// <param name="filter">What to take.</param>
    /// <param name="dropIncoming">
    /// Whether to drop the copy a loopback interface shows at receiving; each packet there was seen before, at sending.
    /// </param>
    /// <exception cref="ArgumentException">The filter has more than <see cref="CaptureFilter.MaxEntries"/> entries of a kind, a port out of range, or an address that is neither IPv4 nor IPv6.</exception>
    public static Instruction[] Compile(CaptureFilter filter, bool dropIncoming)
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
        if (dropIncoming)
        {
            program.Emit(LoadByte, AncillaryPacketType);
            program.JumpUnlessEqual(Outgoing, Label.Reject);
        }

        program.Emit(LoadByte, 0);
        program.Emit(And, 0xf0);
        program.JumpIf(JumpEqual, 0x40, Label.Version4);
        program.JumpIf(JumpEqual, 0x60, Label.Version6);
        program.Jump(Label.Reject);

        program.Mark(Label.Version4);
        program.Emit(LoadByte, 9);
        program.JumpIf(JumpEqual, (uint)ProtocolType.Udp, Label.Sentinel);
        program.JumpUnlessEqual((uint)ProtocolType.Tcp, Label.Reject);
        program.Emit(LoadHalf, 6);
        program.JumpIf(JumpSet, 0x1fff, Label.Reject);
        if (filter.Addresses.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[12, 16])
            {
                program.Emit(LoadWord, offset);
                foreach (byte[] address in version4)
                {
                    program.JumpIf(JumpEqual, BinaryPrimitives.ReadUInt32BigEndian(address), Label.Tcp4);
                }
            }

            program.Jump(Label.Reject);
        }

        program.Mark(Label.Tcp4);
        program.Emit(LoadHalf, 2);
        program.Emit(StoreMemory, IPLength);
        program.Emit(LoadHeaderLengthIntoIndex, 0);
        program.Jump(Label.Tcp);

        program.Mark(Label.Version6);
        if (filter.Addresses.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[8, 24])
            {
                foreach (byte[] address in version6)
                {
                    program.JumpIfAddress6(offset, address, Label.Extensions6);
                }
            }

            program.Jump(Label.Reject);
        }

        program.Mark(Label.Extensions6);
        program.Emit(LoadHalf, 4);
        program.Emit(Add, 40);
        program.Emit(StoreMemory, IPLength);
        program.Emit(LoadIndexImmediate, 40);
        program.Emit(LoadByte, 6);
        for (int i = 0; i < MostExtensionHeaders; i++)
        {
            PassExtensionHeader(program);
        }

        program.JumpIf(JumpEqual, (uint)ProtocolType.Tcp, Label.Tcp);
        foreach (uint extension in (ReadOnlySpan<uint>)[0, 43, 44, 51, 60])
        {
            program.JumpIf(JumpEqual, extension, Label.Accept);
        }

        program.Jump(Label.Reject);

        // The index is where TCP begins.
        program.Mark(Label.Tcp);
        if (filter.Ports.Count > 0)
        {
            foreach (uint offset in (ReadOnlySpan<uint>)[0, 2])
            {
                program.Emit(LoadHalfIndexed, offset);
                foreach (int port in filter.Ports)
                {
                    program.JumpIf(JumpEqual, (uint)port, Label.Detail);
                }
            }

            program.Jump(Label.Reject);
        }

        program.Mark(Label.Detail);
        if (filter.Detail == CaptureDetail.Light)
        {
            program.Emit(LoadByteIndexed, 13);
            program.JumpIf(JumpSet, FinSynReset, Label.Accept);
            program.Emit(LoadHalfIndexed, 14);
            program.JumpIf(JumpEqual, 0, Label.Accept);

            // The payload's length: what IP counts, less both headers. Below zero, as with a length field of 0 (segmentation
            // offload beyond 64 KiB), it is a very large number here, which is data too.
            program.Emit(MoveFromIndex, 0);
            program.Emit(StoreMemory, TcpAt);
            program.Emit(LoadMemory, IPLength);
            program.Emit(SubtractIndex, 0);
            program.Emit(StoreMemory, IPLength);
            program.Emit(LoadMemoryIntoIndex, TcpAt);
            program.Emit(LoadByteIndexed, 12);
            program.Emit(And, 0xf0);
            program.Emit(ShiftRight, 2);
            program.Emit(MoveToIndex, 0);
            program.Emit(LoadMemory, IPLength);
            program.Emit(SubtractIndex, 0);
            program.JumpIf(JumpGreater, 1, Label.Reject);
        }

        program.Jump(Label.Accept);

        program.Mark(Label.Sentinel);
        program.Emit(LoadHalf, 6);
        program.JumpIf(JumpSet, 0x1fff, Label.Reject);
        program.Emit(LoadHeaderLengthIntoIndex, 0);
        program.Emit(LoadWordIndexed, 8);
        program.JumpUnlessEqual((uint)(Sentinel.Magic >> 32), Label.Reject);
        program.Emit(LoadWordIndexed, 12);
        program.JumpUnlessEqual(unchecked((uint)Sentinel.Magic), Label.Reject);
        program.Jump(Label.Accept);

        program.Mark(Label.Accept);
        program.Emit(Return, filter.Detail == CaptureDetail.Packets ? WholePacket : CaptureFilter.HeadersLength);
        program.Mark(Label.Reject);
        program.Emit(Return, 0);
        return program.Link();
    }

    // The accumulator is the kind of the next header, the index where it begins; afterwards they are those of the one behind it. Anything
    // but an extension header is left as it is: TCP, which then stays to the end, and what is rejected there.
    private static void PassExtensionHeader(Assembler program)
    {
        const int Authentication = 51;
        const int Fragment = 44;
        int passed = program.NewLabel(), ofEights = program.NewLabel(), ofWords = program.NewLabel(), fixedLength = program.NewLabel(), advance = program.NewLabel();
        program.Emit(StoreMemory, NextHeader);
        foreach (uint extension in (ReadOnlySpan<uint>)[0, 43, 60])
        {
            program.JumpIf(JumpEqual, extension, ofEights);
        }

        program.JumpIf(JumpEqual, Authentication, ofWords);
        program.JumpIf(JumpEqual, Fragment, fixedLength);
        program.Jump(passed);

        program.Mark(ofEights);
        program.Emit(LoadByteIndexed, 1);
        program.Emit(Add, 1);
        program.Emit(ShiftLeft, 3);
        program.Jump(advance);

        // RFC 4302 §2.2.
        program.Mark(ofWords);
        program.Emit(LoadByteIndexed, 1);
        program.Emit(Add, 2);
        program.Emit(ShiftLeft, 2);
        program.Jump(advance);

        // Only a first fragment has the TCP header.
        program.Mark(fixedLength);
        program.Emit(LoadHalfIndexed, 2);
        program.JumpIf(JumpSet, 0xfff8, Label.Reject);
        program.Emit(LoadImmediate, 8);

        // The accumulator is this header's length.
        program.Mark(advance);
        program.Emit(AddIndex, 0);
        program.Emit(StoreMemory, TcpAt);
        program.Emit(LoadByteIndexed, 0);
        program.Emit(StoreMemory, NextHeader);
        program.Emit(LoadMemoryIntoIndex, TcpAt);
        program.Mark(passed);
        program.Emit(LoadMemory, NextHeader);
    }

    private sealed class Assembler
    {
        private readonly List<Instruction> _instructions = [];
        private readonly List<(int Index, int Target)> _jumps = [];
        private readonly Dictionary<int, int> _labels = [];
        private int _newLabels;

        /// <summary>A label beside the named ones.</summary>
        public int NewLabel() => --_newLabels;

        public void Emit(ushort code, uint value) => _instructions.Add(new(code, 0, 0, value));

        public void Mark(Label label) => Mark((int)label);

        public void Mark(int label) => _labels.Add(label, _instructions.Count);

        public void Jump(Label target) => Jump((int)target);

        public void Jump(int target)
        {
            _jumps.Add((_instructions.Count, target));
            Emit(JumpAlways, 0);
        }

        // Conditional jumps reach 255 instructions; the unconditional one behind each reaches everything.
        public void JumpIf(ushort test, uint value, Label target) => JumpIf(test, value, (int)target);

        public void JumpIf(ushort test, uint value, int target)
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
                Emit(LoadWord, offset + (uint)(4 * word));
                int instructionsToSkip = ((3 - word) * 2) + 1;
                _instructions.Add(new(JumpEqual, 0, (byte)instructionsToSkip, BinaryPrimitives.ReadUInt32BigEndian(address[(4 * word)..])));
            }

            Jump(target);
        }

        public Instruction[] Link()
        {
            foreach ((int index, int target) in _jumps)
            {
                _instructions[index] = _instructions[index] with { Value = (uint)(_labels[target] - index - 1) };
            }

            return [.. _instructions];
        }
    }
}
