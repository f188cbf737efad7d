using System.Buffers.Binary;
using System.Globalization;

namespace RstGuard.Diagnosis;

/// <summary>
/// What a reset says of its own cause in its payload: the eight bytes of draft-ietf-tcpm-rst-diagnostic-payload, else text (RFC 9293 §3.5.3
/// SHLD-2, RFC 1122 §4.2.2.12). It is what the sender says, which nothing here proves.
/// </summary>
internal static class DeclaredCause
{
    private const ushort Magic = 0x33aa;
    private const int DiagnosticLength = 8;

    // The draft's registry "TCP Failure Causes", from code 1 on.
    private static readonly string[] Registry =
    [
        "illegal option length",
        "desynchronized state",
        "new data after CLOSE",
        "ABORT",
        "unexpected ACK in a non-synchronized state",
        "unexpected SYN in the window",
        "security compartment",
        "malformed message",
        "not authorized",
        "resource exceeded",
        "network failure",
        "reset received from the peer",
        "destination unreachable",
        "connection timeout",
        "too much outstanding data",
        "unacceptable performance",
        "middlebox interference",
    ];

    /// <summary>Says it in words.</summary>
    /// <param name="payload">The payload's first bytes.</param>
    /// <param name="length">How many it has.</param>
    public static string Describe(ReadOnlySpan<byte> payload, int length)
    {
        if (length == DiagnosticLength && payload.Length == DiagnosticLength && BinaryPrimitives.ReadUInt16BigEndian(payload) == Magic)
        {
            int code = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
            uint enterprise = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
            return enterprise != 0
                ? string.Create(CultureInfo.InvariantCulture, $"code {code} of private enterprise number {enterprise}")
                : string.Create(CultureInfo.InvariantCulture, $"code {code}, {(code >= 1 && code <= Registry.Length ? Registry[code - 1] : "which the draft does not name")}");
        }

        string text = string.Concat(payload.ToArray().Select(value => value is >= 0x20 and < 0x7f ? ((char)value).ToString() : $"\\x{value:x2}"));
        return $"'{text}'{(length > payload.Length ? "…" : "")}";
    }
}
