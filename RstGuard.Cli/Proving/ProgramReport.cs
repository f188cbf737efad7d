using System.Globalization;
using System.Net;

namespace RstGuard.Cli.Proving;

/// <summary>What a proof's driver says of its run: one <c>key value</c> a line, each key once.</summary>
internal sealed record ProgramReport
{
    /// <summary>The end whose bytes the claim is about.</summary>
    public required IPEndPoint Sender { get; init; }

    /// <summary>The end that should read them.</summary>
    public required IPEndPoint Receiver { get; init; }

    /// <summary>Bytes that the sending code handed over to be sent.</summary>
    public required long BytesSent { get; init; }

    /// <summary>Bytes that the receiving code read.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>How the receiver's reading ended: EndOfStream or the name of a SocketError.</summary>
    public required string End { get; init; }

    /// <summary>How long the flagged code ran, in milliseconds, by the program's clock.</summary>
    public required long BlockedMilliseconds { get; init; }

    /// <summary>What the flagged code sets, read back before it; null: not told.</summary>
    public string? Before { get; init; }

    /// <summary>What the flagged code sets, read back after it; null: not told.</summary>
    public string? After { get; init; }

    /// <summary>What the peer saw of the protocol's closing handshake, <c>complete</c> or <c>missing</c>; null: not told.</summary>
    public string? Handshake { get; init; }

    /// <summary>How long the marked call took by the prover's clock, in milliseconds; null: the program marked none.</summary>
    public long? CallMilliseconds { get; init; }

    /// <summary>Reads what a program wrote.</summary>
    /// <exception cref="FormatException">A key is missing, repeated or unknown, or a value can't be read.</exception>
    public static ProgramReport Parse(string output)
    {
        Dictionary<string, string> values = [];
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] pair = line.Split(' ', 2);
            if (pair.Length != 2 || !values.TryAdd(pair[0], pair[1]))
            {
                throw new FormatException($"The program wrote '{line}', which is no 'key value' or repeats a key.");
            }
        }

        string? TakeIfThere(string key) => values.Remove(key, out string? value) ? value : null;
        string Take(string key) => TakeIfThere(key) ?? throw new FormatException($"The program did not report '{key}'.");
        long Number(string key) => long.Parse(Take(key), NumberStyles.None, CultureInfo.InvariantCulture);
        ProgramReport report = new()
        {
            Sender = IPEndPoint.Parse(Take("sender")),
            Receiver = IPEndPoint.Parse(Take("receiver")),
            BytesSent = Number("sent"),
            BytesReceived = Number("received"),
            End = Take("end"),
            BlockedMilliseconds = Number("blocked"),
            Before = TakeIfThere("before"),
            After = TakeIfThere("after"),
            Handshake = TakeIfThere("handshake"),
        };
        return values.Count == 0 ? report : throw new FormatException($"The program reported the unknown key '{values.Keys.First()}'.");
    }
}
