using System.Reflection;
using RstGuard.Diagnosis;

namespace RstGuard.Cli.Proving;

/// <summary>What a proof's flagged program shows and its fixed program does not.</summary>
[Flags]
internal enum ProofClaims
{
    None = 0,

    /// <summary>The connection is reset, by a cause that the rule names.</summary>
    Reset = 1,

    /// <summary>Beside a reset: the receiver reads less than was sent.</summary>
    Loss = 2,

    /// <summary>No reset: the receiver reads a clean end after less than was sent.</summary>
    DataLoss = 4,

    /// <summary>The flagged call blocks its thread.</summary>
    Blocks = 8,

    /// <summary>What the flagged code sets reads back as it was.</summary>
    NoEffect = 16,

    /// <summary>No reset: TCP's end is clean, and the closing handshake of the protocol above it is missing.</summary>
    NoHandshake = 32,
}

/// <summary>
/// A program that proves a rule: flagged code, peer and driver in one source, Proofs/RSTnnnn.cs. The flagged code, and nothing else,
/// stands in <c>#region Sample</c>, which is also the ❌ sample of the rule's page. The program is started with a loopback address of
/// its own as its one argument; it listens there, acts both ends, and ends within two seconds, better within one.
/// </summary>
/// <remarks>
/// <para><b>The header</b>: the first lines, <c>// Key: value</c>.</para>
/// <list type="bullet">
/// <item><c>Rule</c>: the id.</item>
/// <item><c>Flagged</c>: the exact text the diagnostic marks, inside the region.</item>
/// <item><c>Claims</c>: one of the lists below.</item>
/// <item><c>Systems</c> (optional): <c>linux</c>, <c>windows</c>, <c>macos</c>; elsewhere the program is analyzed and fixed, not run, and
/// the status is <c>notOnThisSystem</c>.</item>
/// <item><c>Causes</c> (optional): those of the rule's causes that this program can show, by their names in <see cref="ResetCause"/>; all
/// where the key is missing. It is enough that one of them is seen. A rule whose effect is <c>noEffect</c> has none in the catalogue;
/// where its outside sign is a reset, this key says which.</item>
/// <item><c>Framework</c> (optional): <c>Microsoft.AspNetCore.App</c>, for a program that needs ASP.NET Core.</item>
/// <item><c>Protocol</c> (optional): <c>TLS</c>, <c>WebSocket</c> or <c>HTTP</c>, where the code speaks one: <c>sent</c> and <c>received</c> then
/// count its content, and the wire carries more, handshakes and frames.</item>
/// <item><c>Options</c> (optional): <c>key = value</c>, as in an .editorconfig; for a rule whose times are scaled down, so that they can be waited
/// for.</item>
/// </list>
/// <para><b>The report</b>: what the program writes to its standard output, each once, in any order: <c>sender</c> and
/// <c>receiver</c> (the ends of the one connection that the claim is about, as the wire shows them), <c>sent</c> (bytes the sending code
/// handed over to be sent, above 0), <c>received</c> (bytes the receiving code read), <c>end</c> (how its reading ended: EndOfStream or the name
/// of a SocketError) and <c>blocked</c> (milliseconds the flagged code ran).</para>
/// <para><b>What each claim asks</b>, of any program after the fix: no reset on the wire, all bytes received, as many sent as before, the
/// reading ended with EndOfStream and the sender sent a FIN.</para>
/// <list type="bullet">
/// <item><c>reset</c>: the flagged program's connection is reset by one of the causes. <c>reset, loss</c>: and fewer bytes arrive. Fill the
/// peer's window to make loss visible on a loopback: a small receive buffer, and a receiver that reads late.</item>
/// <item><c>dataLoss</c>: no reset in the flagged program; the reading ends with EndOfStream after fewer bytes than were sent.</item>
/// <item><c>blocks</c>: the flagged call takes at least half a second longer than the fixed one. The program writes the line <c>call</c>
/// just before it and the line <c>return</c> just after it; what lies between them by the prover's clock counts beside <c>blocked</c>, so that
/// the program's word alone is not enough. <c>Console.WriteLine</c> flushes.</item>
/// <item><c>noEffect, reset</c>, <c>noEffect, reset, loss</c>, <c>noEffect, dataLoss</c> or <c>noEffect, blocks</c>: what the flagged code sets
/// is read back before and after it, and reported as <c>before</c> and <c>after</c> (such as <c>before on,0</c>): the same values in the flagged
/// program, different ones in the fixed one. Because that is the program's own word, the second claim is the sign of it that is seen from
/// outside: linger zero that could not be taken off resets at close, a timeout that is not there lets a call block.</item>
/// <item><c>noHandshake</c>: no reset in either program, and all that was sent arrives and ends with EndOfStream in both. The peer reports
/// <c>handshake</c>: <c>missing</c> in the flagged program, <c>complete</c> in the fixed one, whose sender must also have put more bytes on the wire
/// for the same content, so that the program's word alone is not enough. Asks for a <c>Protocol</c>.</item>
/// </list>
/// <para><b>A rule, or a shape, without a code fix</b>: Proofs/RSTnnnn.Fixed.cs holds the text that replaces the region, which is
/// also the ✅ sample of the page; <c>fixed.source</c> is then "page". Where a fix is offered, that file makes the proof fail.</para>
/// <para><b>Several programs for one rule</b>: Proofs/RSTnnnn.cs shows the effect that the catalogue names; Proofs/RSTnnnn.Variant.cs
/// (and, without a fix, RSTnnnn.Variant.Fixed.cs) is a further one with a header of its own. All must hold. The page has blocks for each:
/// <c>flagged-sample-Variant</c> beside <c>flagged-sample</c>, and so on.</para>
/// </remarks>
internal sealed record Proof
{
    /// <summary>The shared framework beside .NET's own that a program may ask for.</summary>
    public const string AspNetCore = "Microsoft.AspNetCore.App";

    private static readonly string[] Protocols = ["TLS", "WebSocket", "HTTP"];

    private const string ResourcePrefix = "Proofs/";
    private const string FixedSuffix = ".Fixed.cs";
    private const string RegionStart = "#region Sample\n";
    private const string RegionEnd = "#endregion";

    private static readonly Dictionary<string, ProofClaims> ClaimsByName = new()
    {
        ["reset"] = ProofClaims.Reset,
        ["loss"] = ProofClaims.Loss,
        ["dataLoss"] = ProofClaims.DataLoss,
        ["blocks"] = ProofClaims.Blocks,
        ["noEffect"] = ProofClaims.NoEffect,
        ["noHandshake"] = ProofClaims.NoHandshake,
    };

    private Proof()
    {
    }

    /// <summary>The rule it proves.</summary>
    public required string Rule { get; init; }

    /// <summary>Which of the rule's programs this is; empty: the first.</summary>
    public required string Variant { get; init; }

    /// <summary>The name of its source file.</summary>
    public required string FileName { get; init; }

    /// <summary>The whole program, lines ending in LF.</summary>
    public required string Source { get; init; }

    /// <summary>What replaces the region Sample where no code fix is offered; null: a code fix is.</summary>
    public required string? FixedSample { get; init; }

    /// <summary>The text that the diagnostic marks.</summary>
    public required string Flagged { get; init; }

    /// <summary>What the flagged program shows.</summary>
    public required ProofClaims Claims { get; init; }

    /// <summary>The causes of its reset; empty: any of the rule's.</summary>
    public required IReadOnlyList<string> Causes { get; init; }

    /// <summary>The systems on which the effect exists; empty: all.</summary>
    public required IReadOnlyList<string> Systems { get; init; }

    /// <summary>The shared framework it needs beside .NET's own; null: none.</summary>
    public required string? Framework { get; init; }

    /// <summary>The protocol above TCP whose content its numbers count; null: they count TCP's own bytes.</summary>
    public required string? Protocol { get; init; }

    /// <summary>What an .editorconfig says beside the program, one option a line.</summary>
    public required string Options { get; init; }

    /// <summary>Whether the effect exists on the system this runs on.</summary>
    public bool RunsHere => Systems.Count == 0 || Systems.Any(OperatingSystem.IsOSPlatform);

    /// <summary>The proofs that are part of this tool, sorted by rule; a rule's first program before its further ones.</summary>
    public static IReadOnlyList<Proof> All()
    {
        Assembly assembly = typeof(Proof).Assembly;
        string Read(string name)
        {
            using StreamReader reader = new(assembly.GetManifestResourceStream(ResourcePrefix + name)!);
            return reader.ReadToEnd();
        }

        HashSet<string> names = [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => name[ResourcePrefix.Length..])];
        HashSet<string> samples = [.. names.Where(name => name.EndsWith(FixedSuffix, StringComparison.Ordinal))];
        List<Proof> proofs = [.. names.Except(samples)
            .Select(name => Parse(name, Read(name), samples.Remove(FixedNameOf(name)) ? Read(FixedNameOf(name)) : null))
            .OrderBy(proof => proof.Rule, StringComparer.Ordinal)
            .ThenBy(proof => proof.Variant, StringComparer.Ordinal)];
        return samples.Count == 0 ? proofs : throw new FormatException($"{samples.First()} is the fixed sample of no program.");
    }

    /// <summary>Reads a proof's header.</summary>
    /// <param name="fileName">RSTnnnn.cs or RSTnnnn.Variant.cs.</param>
    /// <param name="source">The program.</param>
    /// <param name="fixedSample">What replaces its region Sample where no code fix is offered.</param>
    /// <exception cref="FormatException">
    /// A key is missing or unknown, the claims don't go together, the file is not named after the rule, or the region Sample does not hold
    /// the flagged text.
    /// </exception>
    public static Proof Parse(string fileName, string source, string? fixedSample = null)
    {
        source = source.ReplaceLineEndings("\n");
        Dictionary<string, string> header = source.Split('\n')
            .TakeWhile(line => line.StartsWith("// ", StringComparison.Ordinal) && line.Contains(": ", StringComparison.Ordinal))
            .Select(line => line[3..].Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim());

        string Required(string key) => header.Remove(key, out string? value) ? value : throw new FormatException($"{fileName}: the header lacks '// {key}: …'.");
        string? Optional(string key) => header.Remove(key, out string? value) ? value : null;
        string rule = Required("Rule");
        string[] name = fileName.Split('.');
        if (name.Length is not (2 or 3) || name[0] != rule || name[^1] != "cs")
        {
            throw new FormatException($"{fileName}: a proof of {rule} is named {rule}.cs or {rule}.Variant.cs.");
        }

        Proof proof = new()
        {
            FileName = fileName,
            Source = source,
            Rule = rule,
            Variant = name.Length == 3 ? name[1] : "",
            FixedSample = fixedSample?.ReplaceLineEndings("\n").Trim('\n'),
            Flagged = Required("Flagged"),
            Claims = ParseClaims(fileName, Words(Required("Claims"))),
            Causes = Words(Optional("Causes") ?? ""),
            Systems = Words(Optional("Systems") ?? ""),
            Framework = Optional("Framework"),
            Protocol = Optional("Protocol"),
            Options = string.Join('\n', Words(Optional("Options") ?? "")),
        };
        if (header.Count > 0)
        {
            throw new FormatException($"{fileName}: the header has the unknown key '{header.Keys.First()}'.");
        }

        if (proof.Framework is not (null or AspNetCore))
        {
            throw new FormatException($"{fileName}: the unknown framework '{proof.Framework}'.");
        }

        if (proof.Protocol is not null && !Protocols.Contains(proof.Protocol))
        {
            throw new FormatException($"{fileName}: the unknown protocol '{proof.Protocol}'.");
        }

        if (proof.Protocol is null && proof.Claims.HasFlag(ProofClaims.NoHandshake))
        {
            throw new FormatException($"{fileName}: 'noHandshake' is about a protocol above TCP; say which by '// Protocol: …'.");
        }

        if (proof.Causes.FirstOrDefault(cause => !Enum.IsDefined(typeof(ResetCause), cause)) is string cause)
        {
            throw new FormatException($"{fileName}: the unknown cause '{cause}'.");
        }

        if (!SampleIn(source).Contains(proof.Flagged, StringComparison.Ordinal))
        {
            throw new FormatException($"{fileName}: the region Sample does not hold '{proof.Flagged}'.");
        }

        return proof;
    }

    /// <summary>The text inside the region Sample of a proof, flagged or fixed: what the rule's page shows.</summary>
    /// <exception cref="FormatException">There is no such region.</exception>
    public static string SampleIn(string source)
    {
        (int start, int end) = SampleSpan(source);
        return source[start..end].TrimEnd();
    }

    /// <summary>Where the region Sample begins and ends.</summary>
    /// <exception cref="FormatException">There is no such region.</exception>
    public static (int Start, int End) SampleSpan(string source)
    {
        int start = source.IndexOf(RegionStart, StringComparison.Ordinal);
        int end = start < 0 ? -1 : source.IndexOf(RegionEnd, start, StringComparison.Ordinal);
        return end < 0 ? throw new FormatException("A proof has a region 'Sample'.") : (start + RegionStart.Length, end);
    }

    /// <summary>The program with <see cref="FixedSample"/> in the place of its region Sample.</summary>
    /// <exception cref="InvalidOperationException">There is no such sample.</exception>
    public string SourceWithFixedSample()
    {
        (int start, int end) = SampleSpan(Source);
        return $"{Source[..start]}{FixedSample ?? throw new InvalidOperationException($"{FileName} has no fixed sample.")}\n{Source[end..]}";
    }

    private static ProofClaims ParseClaims(string fileName, string[] names)
    {
        ProofClaims claims = names.Aggregate(ProofClaims.None, (all, name) =>
            all | (ClaimsByName.TryGetValue(name, out ProofClaims claim) ? claim : throw new FormatException($"{fileName}: the unknown claim '{name}'.")));
        return (claims & ~ProofClaims.NoEffect) is ProofClaims.Reset or (ProofClaims.Reset | ProofClaims.Loss) or ProofClaims.DataLoss or ProofClaims.Blocks || claims == ProofClaims.NoHandshake
            ? claims
            : throw new FormatException($"{fileName}: a proof claims 'reset', 'reset, loss', 'dataLoss', 'blocks' or 'noHandshake', and 'noEffect' only beside one of the first four.");
    }

    private static string FixedNameOf(string name) => name[..^".cs".Length] + FixedSuffix;

    private static string[] Words(string value) => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
