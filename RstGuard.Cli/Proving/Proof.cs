using System.Reflection;

namespace RstGuard.Cli.Proving;

/// <summary>
/// The program that proves one rule: flagged code, peer and driver in one source, with a header of <c>// Key: value</c> lines.
/// Keys: Rule (the id), Flagged (the exact text the diagnostic marks, inside the region Sample), Claims (reset and, where the peer
/// loses bytes, loss) and, where the effect exists on some systems only, Systems (linux, windows, macos).
/// </summary>
internal sealed record Proof
{
    private const string ResourcePrefix = "Proofs/";
    private const string RegionStart = "#region Sample\n";
    private const string RegionEnd = "#endregion";

    private Proof()
    {
    }

    /// <summary>The rule it proves.</summary>
    public required string Rule { get; init; }

    /// <summary>The name of its source file.</summary>
    public required string FileName { get; init; }

    /// <summary>The whole program, lines ending in LF.</summary>
    public required string Source { get; init; }

    /// <summary>The text that the diagnostic marks.</summary>
    public required string Flagged { get; init; }

    /// <summary>Whether the peer loses bytes.</summary>
    public required bool ClaimsLoss { get; init; }

    /// <summary>The systems on which the effect exists; empty: all.</summary>
    public required IReadOnlyList<string> Systems { get; init; }

    /// <summary>Whether the effect exists on the system this runs on.</summary>
    public bool RunsHere => Systems.Count == 0 || Systems.Any(OperatingSystem.IsOSPlatform);

    /// <summary>The proofs that are part of this tool, sorted by rule.</summary>
    public static IReadOnlyList<Proof> All()
    {
        Assembly assembly = typeof(Proof).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using StreamReader reader = new(assembly.GetManifestResourceStream(name)!);
                return Parse(name[ResourcePrefix.Length..], reader.ReadToEnd());
            })];
    }

    /// <summary>Reads a proof's header.</summary>
    /// <exception cref="FormatException">A key is missing or unknown, or the region Sample does not hold the flagged text.</exception>
    public static Proof Parse(string fileName, string source)
    {
        source = source.ReplaceLineEndings("\n");
        Dictionary<string, string> header = source.Split('\n')
            .TakeWhile(line => line.StartsWith("// ", StringComparison.Ordinal) && line.Contains(": ", StringComparison.Ordinal))
            .Select(line => line[3..].Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim());

        string Required(string key) => header.Remove(key, out string? value) ? value : throw new FormatException($"{fileName}: the header lacks '// {key}: …'.");
        string[] claims = Words(Required("Claims"));
        Proof proof = new()
        {
            FileName = fileName,
            Source = source,
            Rule = Required("Rule"),
            Flagged = Required("Flagged"),
            ClaimsLoss = claims.Contains("loss"),
            Systems = header.Remove("Systems", out string? systems) ? Words(systems) : [],
        };
        if (header.Count > 0)
        {
            throw new FormatException($"{fileName}: the header has the unknown key '{header.Keys.First()}'.");
        }

        if (claims.Except(["reset", "loss"]).FirstOrDefault() is string claim)
        {
            throw new FormatException($"{fileName}: the unknown claim '{claim}'.");
        }

        if (!claims.Contains("reset"))
        {
            throw new FormatException($"{fileName}: a proof claims 'reset'.");
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

    private static string[] Words(string value) => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
