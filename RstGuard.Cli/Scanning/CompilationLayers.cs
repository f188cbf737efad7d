using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Cli.Scanning;

/// <summary>A parsed source and what it declares.</summary>
internal sealed record ParsedSource(SyntaxTree Tree, DeclarationKeys Declarations)
{
    /// <summary>
    /// One for the tree; and where the file declares a type more than once, one for each declaration, the others blanked out so that
    /// every line and column stays what it is.
    /// </summary>
    public static IEnumerable<ParsedSource> Of(SyntaxTree tree, CancellationToken cancellationToken = default)
    {
        DeclarationKeys declarations = DeclarationKeys.Of((CompilationUnitSyntax)tree.GetRoot(cancellationToken));
        if (declarations.Repeated.Count == 0)
        {
            return [new ParsedSource(tree, declarations)];
        }

        TextSpan[] again = declarations.Repeated.Select(r => r.Again).ToArray();
        return declarations.Repeated
            .Take(MaxRepetitions)
            .Select(r => Blanked(tree, [.. again.Where(s => s != r.Again), r.First], cancellationToken))
            .Prepend(Blanked(tree, again, cancellationToken));
    }

    private const int MaxRepetitions = 64;

    private static ParsedSource Blanked(SyntaxTree tree, TextSpan[] spans, CancellationToken cancellationToken)
    {
        char[] text = tree.GetText(cancellationToken).ToString().ToCharArray();
        foreach (TextSpan span in spans)
        {
            for (int i = span.Start; i < span.End; i++)
            {
                if (text[i] is not ('\r' or '\n'))
                {
                    text[i] = ' ';
                }
            }
        }

        SyntaxTree blanked = tree.WithChangedText(SourceText.From(new string(text), tree.GetText(cancellationToken).Encoding));
        return new ParsedSource(blanked, DeclarationKeys.Of((CompilationUnitSyntax)blanked.GetRoot(cancellationToken)));
    }
}

/// <summary>One compilation of a project: all sources that can stand together, and those whose diagnostics are taken from here.</summary>
/// <param name="Sources">All of them.</param>
/// <param name="Reported">A part of <paramref name="Sources"/>.</param>
internal sealed record CompilationLayer(ImmutableArray<ParsedSource> Sources, ImmutableArray<ParsedSource> Reported);

/// <summary>
/// Divides a project's sources into as few compilations as keep each type declared once, so that every declaration is analysed with its
/// own members, and the rest of the project around it.
/// </summary>
internal static class CompilationLayers
{
    public static IEnumerable<CompilationLayer> Divide(IReadOnlyList<ParsedSource> sources)
    {
        bool[] conflicting = Conflicting(sources);
        if (!conflicting.Contains(true))
        {
            if (sources.Count > 0)
            {
                yield return new CompilationLayer([.. sources], [.. sources]);
            }

            yield break;
        }

        // Copies of a whole folder stay together: among the layers a source fits in, the one that has its neighbours.
        List<Layer> layers = [];
        for (int i = 0; i < sources.Count; i++)
        {
            if (!conflicting[i])
            {
                continue;
            }

            ParsedSource source = sources[i];
            Layer? best = layers.Where(l => source.Declarations.GoesWith(l.Keys)).MaxBy(l => l.Affinity(Directory(source)));
            if (best is null)
            {
                best = new Layer();
                layers.Add(best);
            }

            best.Add(source);
            best.Reported.Add(source);
        }

        for (int i = 0; i < sources.Count; i++)
        {
            if (!conflicting[i])
            {
                layers.MaxBy(l => l.Affinity(Directory(sources[i])))!.Reported.Add(sources[i]);
            }
        }

        foreach (Layer layer in layers)
        {
            // Around a layer's own: whatever goes with them, its neighbours before strangers of the same name.
            HashSet<ParsedSource> own = [.. layer.Sources];
            HashSet<ParsedSource> parts = [.. layer.Reported];
            foreach (ParsedSource source in sources.Where(s => !own.Contains(s)).OrderByDescending(s => layer.Affinity(Directory(s))).ToArray())
            {
                if (source.Declarations.GoesWith(layer.Keys))
                {
                    // The other parts of a partial type read what this layer's part declares.
                    if (!parts.Contains(source) && source.Declarations.Keys.Any(k => k.Value.Length > 0 && layer.OwnKeys.Contains(k.Key)))
                    {
                        layer.Reported.Add(source);
                    }

                    layer.Sources.Add(source);
                    layer.AddKeys(source);
                }
            }

            yield return new CompilationLayer([.. layer.Sources], [.. layer.Reported]);
        }
    }

    private static string Directory(ParsedSource source) => Path.GetDirectoryName(source.Tree.FilePath) ?? "";

    /// <summary>Which sources can't be with all others, in one pass over the keys.</summary>
    private static bool[] Conflicting(IReadOnlyList<ParsedSource> sources)
    {
        bool[] conflicting = new bool[sources.Count];
        Dictionary<string, (int First, string Mode)> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < sources.Count; i++)
        {
            foreach ((string key, string mode) in sources[i].Declarations.Keys)
            {
                if (!seen.TryAdd(key, (i, mode)) && seen[key] is var first && (mode.Length == 0 || mode != first.Mode))
                {
                    conflicting[i] = true;
                    conflicting[first.First] = true;
                }
            }
        }

        return conflicting;
    }

    private sealed class Layer
    {
        // How many of the layer's own sources lie in a folder or below it.
        private readonly Dictionary<string, int> _below = new(StringComparer.Ordinal);

        public List<ParsedSource> Sources { get; } = [];

        public List<ParsedSource> Reported { get; } = [];

        public Dictionary<string, string> Keys { get; } = new(StringComparer.Ordinal);

        /// <summary>The keys of the sources that made this layer necessary.</summary>
        public HashSet<string> OwnKeys { get; } = new(StringComparer.Ordinal);

        public void Add(ParsedSource source)
        {
            Sources.Add(source);
            AddKeys(source);
            OwnKeys.UnionWith(source.Declarations.Keys.Keys);
            for (string? directory = Directory(source); directory is not null; directory = Path.GetDirectoryName(directory))
            {
                _below[directory] = _below.GetValueOrDefault(directory) + 1;
            }
        }

        public void AddKeys(ParsedSource source)
        {
            foreach ((string key, string mode) in source.Declarations.Keys)
            {
                Keys.TryAdd(key, mode);
            }
        }

        /// <summary>The length of the nearest folder that holds both <paramref name="directory"/> and a source of this layer.</summary>
        public int Affinity(string directory)
        {
            for (string? d = directory; d is not null; d = Path.GetDirectoryName(d))
            {
                if (_below.ContainsKey(d))
                {
                    return d.Length;
                }
            }

            return 0;
        }
    }
}
