using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RstGuard.Tcp;

/// <summary>The options of one segment that a diagnosis asks for (RFC 9293 §3.2, RFC 7323, RFC 8684 §3).</summary>
internal readonly record struct TcpOptions
{
    /// <summary>The window scale's shift count, 0 to 14; null where the option is absent.</summary>
    public int? WindowScale { get; private init; }

    public bool HasTimestamps { get; private init; }

    /// <summary>TSval, 0 where the option is absent.</summary>
    public uint TimestampValue { get; private init; }

    /// <summary>TSecr, 0 where the option is absent.</summary>
    public uint TimestampEcho { get; private init; }

    /// <summary>A bit for each MPTCP subtype that is present.</summary>
    public ushort MptcpSubtypes { get; private init; }

    /// <summary>Whether the list breaks its own rules or was cut, so that an option may be missing here.</summary>
    public bool IsIncomplete { get; private init; }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static TcpOptions Parse(ReadOnlySpan<byte> options, bool cut)
    {
        int? scale = null;
        bool timestamps = false;
        uint value = 0;
        uint echo = 0;
        bool incomplete = cut;
        int mptcp = 0;
        while (!options.IsEmpty && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
            {
                incomplete = true;
                break;
            }

            int length = options[1];
            switch (options[0])
            {
                case 3 when length == 3:
                    // RFC 7323 §2.3: a shift above 14 counts as 14.
                    scale = Math.Min((int)options[2], 14);
                    break;
                case 8 when length == 10:
                    timestamps = true;
                    value = BinaryPrimitives.ReadUInt32BigEndian(options[2..]);
                    echo = BinaryPrimitives.ReadUInt32BigEndian(options[6..]);
                    break;
                case 30 when length >= 3:
                    mptcp |= 1 << (options[2] >> 4);
                    break;
            }

            options = options[length..];
        }

        return new TcpOptions
        {
            WindowScale = scale,
            HasTimestamps = timestamps,
            TimestampValue = value,
            TimestampEcho = echo,
            MptcpSubtypes = (ushort)mptcp,
            IsIncomplete = incomplete,
        };
    }
}
