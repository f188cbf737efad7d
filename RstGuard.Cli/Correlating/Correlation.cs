namespace RstGuard.Cli.Correlating;

/// <summary>What became of one finding on the wire.</summary>
/// <param name="Finding">The finding.</param>
/// <param name="Seen">How many resets this line sent, of a kind that the rule is about.</param>
/// <param name="InFile">How many resets of such a kind another line of the file sent: of this finding or of a neighbour, where linger is set in one place and the socket closed in another.</param>
/// <param name="Others">How many resets this line sent, of a kind that the rule is not about.</param>
/// <param name="Causes">The causes of <paramref name="Seen"/> and <paramref name="InFile"/>, sorted.</param>
/// <param name="ClosedAt">The lines that sent <paramref name="InFile"/>, sorted.</param>
internal sealed record CorrelatedFinding(ScannedFinding Finding, int Seen, int InFile, int Others, IReadOnlyList<string> Causes, IReadOnlyList<int> ClosedAt);

/// <summary>Resets at a line that no rule flagged.</summary>
/// <param name="Path">The file, relative to the scanned folder where a finding tells how that is; else as the symbols name it. Null: no line is known.</param>
/// <param name="Line">The line; of several that may have been it, the first. Null: no line is known.</param>
/// <param name="Place">Where the socket was closed, in words.</param>
/// <param name="Count">How many.</param>
/// <param name="Causes">Their causes, sorted; without those that could not be told.</param>
/// <param name="Origins">What the .NET side did, sorted.</param>
/// <param name="Rules">The rules about such resets, which did not flag this line.</param>
internal sealed record UnflaggedResets(string? Path, int? Line, string Place, int Count, IReadOnlyList<string> Causes, IReadOnlyList<string> Origins, IReadOnlyList<string> Rules);

/// <summary>What the analyzers said, beside what was on the wire.</summary>
/// <param name="Reports">How many reports of guards were read.</param>
/// <param name="Incomplete">How many of them did not see everything, so that "never" means less.</param>
/// <param name="Resets">How many resets the guarded processes sent.</param>
/// <param name="Findings">In the order of the scan.</param>
/// <param name="Unflagged">By file and line; those without a line last.</param>
internal sealed record Correlation(int Reports, int Incomplete, int Resets, IReadOnlyList<CorrelatedFinding> Findings, IReadOnlyList<UnflaggedResets> Unflagged)
{
    /// <summary>Puts the two beside each other. Nothing is guessed: a reset is a finding's only by file, line and rule.</summary>
    /// <param name="findings">What a scan found.</param>
    /// <param name="reports">What guards saw.</param>
    /// <param name="root">The folder that was scanned; null: a file is the same where its path ends with the finding's.</param>
    public static Correlation Of(IReadOnlyList<ScannedFinding> findings, IReadOnlyList<GuardReport> reports, string? root)
    {
        ReportedReset[] resets = [.. reports.SelectMany(report => report.Resets)];
        PathMatch paths = new(findings.Select(finding => finding.Path).Distinct(), root);
        ILookup<string, (ScannedFinding Finding, int Index)> byPath = findings.Select((finding, i) => (finding, i)).ToLookup(one => one.finding.Path);
        Tally[] tallies = [.. findings.Select(_ => new Tally())];
        List<(ReportedReset Reset, string? Path)> unflagged = [];
        foreach (ReportedReset reset in resets)
        {
            string? path = reset.Lines.Count > 0 ? paths.Find(reset.Lines[0].File) : null;
            (ScannedFinding Finding, int Index)[] inFile = path is null ? [] : [.. byPath[path]];
            (ScannedFinding Finding, int Index)[] atLine = [.. inFile.Where(one => Covers(one.Finding, reset))];
            (ScannedFinding Finding, int Index)[] ofRule = [.. inFile.Where(one => reset.Rules.Contains(one.Finding.Id))];
            (ScannedFinding Finding, int Index)[] seen = [.. ofRule.Where(one => Covers(one.Finding, reset))];
            foreach ((_, int index) in seen)
            {
                tallies[index].Add(reset, seen: true);
            }

            // The line itself is the better account of a reset than a neighbour in the file.
            if (seen.Length == 0)
            {
                foreach ((_, int index) in ofRule)
                {
                    tallies[index].Add(reset, seen: false);
                }
            }

            foreach ((ScannedFinding finding, int index) in atLine)
            {
                tallies[index].Others += reset.Rules.Contains(finding.Id) ? 0 : 1;
            }

            if (atLine.Length == 0 && ofRule.Length == 0)
            {
                unflagged.Add((reset, path));
            }
        }

        return new Correlation(
            reports.Count,
            reports.Count(report => !report.Complete),
            resets.Length,
            [.. findings.Zip(tallies, (finding, tally) => new CorrelatedFinding(finding, tally.Seen, tally.InFile, tally.Others, [.. tally.Causes], [.. tally.Lines]))],
            [.. unflagged
                .GroupBy(one => (Path: one.Path ?? one.Reset.Lines.FirstOrDefault()?.File, one.Reset.Lines.FirstOrDefault()?.Line, one.Reset.Place))
                .OrderBy(group => group.Key.Path is null).ThenBy(group => group.Key.Path, StringComparer.Ordinal).ThenBy(group => group.Key.Line).ThenBy(group => group.Key.Place, StringComparer.Ordinal)
                .Select(group => new UnflaggedResets(
                    group.Key.Path,
                    group.Key.Line,
                    group.Key.Place,
                    group.Count(),
                    Sorted(group.Select(one => one.Reset.Cause)),
                    Sorted(group.Select(one => one.Reset.Origin)),
                    Sorted(group.SelectMany(one => one.Reset.Rules))))]);
    }

    private static string[] Sorted(IEnumerable<string?> names) => [.. names.OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    // Of several lines that may have closed the socket, none is blamed.
    private static bool Covers(ScannedFinding finding, ReportedReset reset)
    {
        return reset.Lines is [{ Line: int line }] && (IsIn(line) || (reset.ScopeEndLine is { } end && IsIn(end)));

        bool IsIn(int at) => at >= finding.Line && at <= finding.EndLine;
    }

    private sealed class Tally
    {
        public int Seen { get; private set; }

        public int InFile { get; private set; }

        public int Others { get; set; }

        public SortedSet<string> Causes { get; } = new(StringComparer.Ordinal);

        public SortedSet<int> Lines { get; } = [];

        public void Add(ReportedReset reset, bool seen)
        {
            if (reset.Cause is { } cause)
            {
                Causes.Add(cause);
            }

            if (seen)
            {
                Seen++;
            }
            else
            {
                InFile++;
                Lines.UnionWith(reset.Lines.Select(line => line.Line));
            }
        }
    }

    /// <summary>Which scanned file one is that symbols name by a path of the machine that built it.</summary>
    private sealed class PathMatch(IEnumerable<string> scanned, string? root)
    {
        private readonly HashSet<string> _scanned = [.. scanned];
        private readonly string? _root = root is null ? null : Clean(Path.GetFullPath(root)).TrimEnd('/') + "/";
        private readonly Dictionary<string, string?> _known = [];

        public string? Find(string file)
        {
            if (!_known.TryGetValue(file, out string? found))
            {
                _known[file] = found = Search(Clean(file));
            }

            return found;
        }

        private static string Clean(string path) => path.Replace('\\', '/');

        // The longest ending that was scanned. A deterministic build's paths (/_/...) have no root to compare.
        private string? Search(string file)
        {
            if (_root is not null && !file.StartsWith("/_", StringComparison.Ordinal))
            {
                return file.StartsWith(_root, StringComparison.Ordinal) && _scanned.Contains(file[_root.Length..]) ? file[_root.Length..] : null;
            }

            for (int start = 0; start >= 0; start = file.IndexOf('/', start) is >= 0 and var slash ? slash + 1 : -1)
            {
                if (_scanned.Contains(file[start..]))
                {
                    return file[start..];
                }
            }

            return null;
        }
    }
}
