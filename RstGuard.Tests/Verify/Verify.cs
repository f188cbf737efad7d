using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>
/// What a rule says of a source, and what its fix makes of it. One line a test:
/// <code>
/// private static readonly Verify Rule = Verify.Rule("RST1001");
/// Rule.FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");
/// (Rule with { EditorConfig = "rstguard.test_projects = on", IsTestProject = true }).IsSilentAsync("…");
/// Rule.FixesAsync(before, after);
/// </code>
/// Every call also checks what no single test would: four ways of asking agree; generated code and <c>#pragma</c> are silent; CRLF and
/// LF, C# 8, 12 and the latest agree where they compile; cancellation is cancellation and leaves nothing broken behind; nothing
/// throws; and a fixed source has no diagnostic of any rule, no new compiler diagnostic, and nothing left to fix.
/// </summary>
internal sealed record Verify
{
    /// <summary>The namespaces a test's source needs most, on one line before it.</summary>
    public const string DefaultUsings =
        "using System; using System.Collections.Generic; using System.IO; using System.Linq; using System.Net; using System.Net.Sockets; using System.Text; using System.Threading; using System.Threading.Tasks;\n";

    private static readonly ImmutableArray<Type> AnalyzerTypes = [.. Assembly.Load("RstGuard.Analyzers").GetTypes()
        .Where(t => !t.IsAbstract && t.IsDefined(typeof(DiagnosticAnalyzerAttribute)))];
    private static readonly ImmutableArray<Type> FixTypes = [.. Assembly.Load("RstGuard.CodeFixes").GetTypes()
        .Where(t => !t.IsAbstract && t.IsDefined(typeof(ExportCodeFixProviderAttribute)))];

    private readonly Func<DiagnosticAnalyzer> _analyzer;
    private readonly Func<CodeFixProvider?> _fix;

    public Verify(Func<DiagnosticAnalyzer> analyzer, Func<CodeFixProvider?>? fix = null)
    {
        _analyzer = analyzer;
        _fix = fix ?? (() => null);
        Id = analyzer().SupportedDiagnostics[0].Id;
    }

    /// <summary>The id that <c>[|…|]</c> stands for.</summary>
    public string Id { get; init; }

    /// <summary>The text of an .editorconfig; a line without a section is read as of <c>[*]</c>.</summary>
    public string EditorConfig { get; init; } = "";

    public bool? IsTestProject { get; init; }

    /// <summary>More lines of the global AnalyzerConfig, such as <c>build_property.RstGuardPreset = strict</c>.</summary>
    public string GlobalConfig { get; init; } = "";

    /// <summary>Further files of the project, in markup as well.</summary>
    public ImmutableArray<(string Name, string Markup)> ExtraSources { get; init; } = [];

    public ReferenceSet References { get; init; } = ReferenceSet.Net100;

    /// <summary>Stands before each source.</summary>
    public string Usings { get; init; } = DefaultUsings;

    /// <summary>The severity of every diagnostic; null: not looked at.</summary>
    public DiagnosticSeverity? Severity { get; init; }

    /// <summary>The arguments that the message format of every diagnostic was filled with; default: not looked at.</summary>
    public ImmutableArray<object> Arguments { get; init; }

    /// <summary>The messages in the order of their places; default: not looked at.</summary>
    public ImmutableArray<string> Messages { get; init; }

    /// <summary>The source has errors on purpose.</summary>
    public bool AllowCompileErrors { get; init; }

    /// <summary>Which of several fixes is meant; null: the first that is offered.</summary>
    public string? FixKey { get; init; }

    /// <summary>Documents that the fix adds to the project: name and text, exactly.</summary>
    public ImmutableArray<(string Name, string Text)> AddedDocuments { get; init; } = [];

    /// <summary>The analyzer that reports this id, with its fix if there is one.</summary>
    public static Verify Rule(string id)
    {
        Type analyzer = AnalyzerTypes.SingleOrDefault(t => Create<DiagnosticAnalyzer>(t).SupportedDiagnostics.Any(d => d.Id == id))
            ?? throw new VerificationException($"No analyzer in RstGuard.Analyzers reports {id}.");
        Type? fix = FixTypes.SingleOrDefault(t => Create<CodeFixProvider>(t).FixableDiagnosticIds.Contains(id));
        return new(() => Create<DiagnosticAnalyzer>(analyzer), () => fix is null ? null : Create<CodeFixProvider>(fix)) { Id = id };
    }

    /// <summary>A new instance of each analyzer of RstGuard.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> AllAnalyzers() => [.. AnalyzerTypes.Select(Create<DiagnosticAnalyzer>)];

    /// <summary>A new instance of each fix of RstGuard.</summary>
    public static ImmutableArray<CodeFixProvider> AllFixes() => [.. FixTypes.Select(Create<CodeFixProvider>)];

    internal ImmutableArray<DiagnosticAnalyzer> Analyzers() => [_analyzer()];

    internal CodeFixProvider Fix() => _fix() ?? throw new VerificationException($"{Id} has no code fix.");

    internal bool HasFix => _fix() is not null;

    /// <summary>The rule reports exactly the marked spans.</summary>
    public async Task FlagsAsync(string markup)
    {
        ImmutableArray<Markup> sources = Parse(markup);
        if (sources.All(s => s.Diagnostics.IsEmpty))
        {
            throw new VerificationException("Nothing is marked; a source without a diagnostic is a test of IsSilentAsync.");
        }

        await CheckAsync(markup, sources);
    }

    /// <summary>The rule reports nothing.</summary>
    public async Task IsSilentAsync(string source)
    {
        ImmutableArray<Markup> sources = Parse(source);
        if (sources.Any(s => !s.Diagnostics.IsEmpty))
        {
            throw new VerificationException("A diagnostic is marked in a source that is to be silent.");
        }

        await CheckAsync(source, sources);
    }

    /// <summary>The rule reports the marked spans, and the fix turns the source into <paramref name="after"/>.</summary>
    public async Task FixesAsync(string before, string after)
    {
        await FlagsAsync(before);
#if USE_ROSLYN_TESTING
        await new RoslynTesting(this, before).FixesAsync(after);
#else
        await new FixCheck(this).FixesAsync(Project(Parse(before)), Usings + after);
#endif
    }

    /// <summary>The rule reports the marked spans, and the fix has nothing to offer for any of them.</summary>
    public async Task OffersNoFixAsync(string markup)
    {
        await FlagsAsync(markup);
#if USE_ROSLYN_TESTING
        await new RoslynTesting(this, markup).OffersNoFixAsync(markup);
#else
        await new FixCheck(this).OffersNothingAsync(Project(Parse(markup)));
#endif
    }

    /// <summary>
    /// The source, cut off at up to <paramref name="cuts"/> tokens and with a token missing at as many, breaks neither the analyzer nor
    /// the fix. What they say there does not matter.
    /// </summary>
    public Task SurvivesCutsAsync(string source, int cuts = 40) => new TokenCuts(this).CheckAsync(Project(Parse(source)), cuts);

    internal TestProject Project(ImmutableArray<Markup> sources) => new()
    {
        Sources = [("Test.cs", sources[0].Source), .. ExtraSources.Zip(sources.Skip(1), (e, s) => (e.Name, s.Source))],
        References = References,
        EditorConfig = EditorConfig.Contains('[') ? EditorConfig : "[*]\n" + EditorConfig,
        GlobalConfig = (IsTestProject is { } test ? $"build_property.IsTestProject = {(test ? "true" : "false")}\n" : "") + GlobalConfig,
        Enabled = [.. _analyzer().SupportedDiagnostics.Where(d => !d.IsEnabledByDefault).Select(d => d.Id)],
    };

    internal static ImmutableArray<string> Errors(Compilation compilation) =>
        [.. compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];

    internal static LanguageVersion Version(string text) =>
        LanguageVersionFacts.TryParse(text, out LanguageVersion version) ? version : LanguageVersion.Preview;

    private static T Create<T>(Type type) => (T)Activator.CreateInstance(type)!;

    private ImmutableArray<Markup> Parse(string markup) =>
        [Markup.Parse(Usings + markup.ReplaceLineEndings("\n")), .. ExtraSources.Select(e => Markup.Parse(e.Markup.ReplaceLineEndings("\n")))];

    private Task CheckAsync(string markup, ImmutableArray<Markup> sources) =>
#if USE_ROSLYN_TESTING
        new RoslynTesting(this, markup).DiagnosticsAsync();
#else
        CheckHereAsync(sources);
#endif

    private async Task CheckHereAsync(ImmutableArray<Markup> sources)
    {
        TestProject project = Project(sources);
        Record(project.Sources[0].Text);
        CSharpCompilation compilation = project.Compile();
        if (!AllowCompileErrors && Errors(compilation) is [_, ..] errors)
        {
            throw new VerificationException("The source of the test does not compile:\n" + string.Join('\n', errors) + "\n\n" + project.Sources[0].Text);
        }

        ImmutableArray<Diagnostic> diagnostics = await new Analysis(compilation, project.AnalyzerOptions, Analyzers()).WholeAsync();
        Finding[] findings = Sorted(diagnostics);
        CheckMarks(sources, project, compilation, diagnostics, findings);
        await CheckWaysOfAskingAsync(project, compilation, findings);
        await CheckVariantsAsync(project, findings);
        await CheckSilencedAsync(project, findings);
        await Cancellation.CheckAsync(project, this, findings);
    }

    // What .ci/deep cuts at each token afterwards.
    private static void Record(string source)
    {
        if (Environment.GetEnvironmentVariable("RSTGUARD_RECORD") is { Length: > 0 } folder)
        {
            string name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(source)))[..16];
            File.WriteAllText(Path.Combine(folder, name + ".cs"), source);
        }
    }

    private void CheckMarks(ImmutableArray<Markup> sources, TestProject project, CSharpCompilation compilation, ImmutableArray<Diagnostic> diagnostics, Finding[] findings)
    {
        var marks = project.Sources.Zip(sources).SelectMany(p => p.Second.Diagnostics.Select(m => (
            p.First.Name,
            Id: m.Id ?? Id,
            m.IsPosition,
            Span: compilation.SyntaxTrees.First(t => t.FilePath == TestProject.Directory + p.First.Name).GetLineSpan(m.Span)))).ToList();
        var missed = marks.ToList();
        var unexpected = findings.ToList();
        foreach (var mark in marks)
        {
            int i = unexpected.FindIndex(f => f.Id == mark.Id && f.File == mark.Name && f.Start == mark.Span.StartLinePosition && (mark.IsPosition || f.End == mark.Span.EndLinePosition));
            if (i >= 0)
            {
                unexpected.RemoveAt(i);
                missed.Remove(mark);
            }
        }

        if (missed.Count + unexpected.Count > 0)
        {
            throw new VerificationException(
                string.Concat(missed.Select(m => $"Expected and not reported: {m.Name}({m.Span.StartLinePosition.Line + 1},{m.Span.StartLinePosition.Character + 1})-({m.Span.EndLinePosition.Line + 1},{m.Span.EndLinePosition.Character + 1}): {m.Id}\n"))
                + string.Concat(unexpected.Select(u => $"Reported and not expected: {u}\n")) + "\n" + Numbered(project));
        }

        ImmutableArray<string> places = [.. project.Sources.Zip(sources).SelectMany(p => p.Second.AdditionalLocations.Select(l =>
            Finding.Place(compilation.SyntaxTrees.First(t => t.FilePath == TestProject.Directory + p.First.Name).GetLocation(l)))).Order(StringComparer.Ordinal)];
        string[] told = [.. diagnostics.SelectMany(d => d.AdditionalLocations).Select(Finding.Place).Distinct().Order(StringComparer.Ordinal)];
        if (places.Length > 0 && !places.SequenceEqual(told))
        {
            throw new VerificationException($"Additional locations expected: {string.Join(", ", places)}; reported: {string.Join(", ", told)}\n\n" + Numbered(project));
        }

        if (Severity is { } severity && findings.FirstOrDefault(f => f.Severity != severity) is { } wrong)
        {
            throw new VerificationException($"Expected the severity {severity}: {wrong}");
        }

        if (!Arguments.IsDefault)
        {
            foreach (Diagnostic diagnostic in diagnostics)
            {
                string message = string.Format(CultureInfo.InvariantCulture, diagnostic.Descriptor.MessageFormat.ToString(CultureInfo.InvariantCulture), [.. Arguments]);
                if (diagnostic.GetMessage(CultureInfo.InvariantCulture) != message)
                {
                    throw new VerificationException($"Expected the message: {message}\nReported: {diagnostic.GetMessage(CultureInfo.InvariantCulture)}");
                }
            }
        }

        if (!Messages.IsDefault && !Messages.SequenceEqual(findings.Select(f => f.Message)))
        {
            throw new VerificationException($"Expected the messages:\n{string.Join('\n', Messages)}\nReported:\n{string.Join('\n', findings.Select(f => f.Message))}");
        }
    }

    private async Task CheckWaysOfAskingAsync(TestProject project, CSharpCompilation compilation, Finding[] whole)
    {
        AnalyzerOptions options = project.AnalyzerOptions;
        Same("tree by tree", whole, Sorted(await new Analysis(compilation, options, Analyzers()).TreeByTreeAsync()));
        Same("with the trees reversed, concurrently", whole, Sorted(await new Analysis(project.Compile(reversed: true), options, Analyzers(), concurrent: true).WholeAsync()));
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            string file = Path.GetFileName(tree.FilePath);
            var spans = whole.Where(f => f.File == file).Select(f => TextSpan.FromBounds(tree.GetText().Lines.GetPosition(f.Start), tree.GetText().Lines.GetPosition(f.End))).ToList();
            foreach (TextSpan member in Analysis.MembersAround(tree, spans))
            {
                Finding[] expected = [.. whole.Where(f => f.File == file && TextSpan.FromBounds(tree.GetText().Lines.GetPosition(f.Start), tree.GetText().Lines.GetPosition(f.End)).IntersectsWith(member))];
                Same($"for the span {Finding.Place(tree.GetLocation(member))} alone", expected, Sorted(await new Analysis(compilation, options, Analyzers()).InSpanAsync(tree, member)));
            }
        }
    }

    private async Task CheckVariantsAsync(TestProject project, Finding[] whole)
    {
        TestProject crlf = project.WithText(t => t.ReplaceLineEndings("\r\n"));
        Same("with CRLF", whole, Sorted(await new Analysis(crlf.Compile(), crlf.AnalyzerOptions, Analyzers()).WholeAsync()));
        foreach (string language in new[] { "8", "12" })
        {
            TestProject older = project with { Language = Version(language) };
            CSharpCompilation compilation = older.Compile();
            if (Errors(compilation).IsEmpty)
            {
                Same("as C# " + language, whole, Sorted(await new Analysis(compilation, older.AnalyzerOptions, Analyzers()).WholeAsync()));
            }
        }
    }

    private async Task CheckSilencedAsync(TestProject project, Finding[] whole)
    {
        if (whole.Length == 0)
        {
            return;
        }

        foreach (string header in new[] { "// <auto-generated/>\n", "#pragma warning disable\n" })
        {
            TestProject silenced = project.WithText(t => header + t);
            if (Sorted(await new Analysis(silenced.Compile(), silenced.AnalyzerOptions, Analyzers()).WholeAsync()) is [var first, ..])
            {
                throw new VerificationException($"Reported under '{header.Trim()}': {first}");
            }
        }

        TestProject generated = project with { Sources = [.. project.Sources.Select(s => (Path.ChangeExtension(s.Name, ".g.cs"), s.Text))] };
        if (Sorted(await new Analysis(generated.Compile(), generated.AnalyzerOptions, Analyzers()).WholeAsync()) is [var one, ..])
        {
            throw new VerificationException($"Reported in a generated file: {one}");
        }
    }

    internal static Finding[] Sorted(IEnumerable<Diagnostic> diagnostics) => [.. diagnostics.Select(Finding.Of).Order()];

    internal static void Same(string way, Finding[] whole, Finding[] other)
    {
        if (!whole.SequenceEqual(other))
        {
            throw new VerificationException(
                $"Asked {way}, the analyzer says something else than for the whole compilation.\nWhole:\n{string.Join('\n', whole.AsEnumerable())}\nThis way:\n{string.Join('\n', other.AsEnumerable())}");
        }
    }

    internal static string Numbered(TestProject project) => string.Join(
        '\n', project.Sources.SelectMany(s => s.Text.Split('\n').Select((line, i) => $"{s.Name} {i + 1,3} {line}")));
}
