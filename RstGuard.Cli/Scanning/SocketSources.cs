using Microsoft.CodeAnalysis;
using RstGuard.Sockets;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// The sources that the analyzers look at, by the gate that all rules share. Asking for no others spares the compiler binding the rest,
/// which is most of the time of a scan.
/// </summary>
internal static class SocketSources
{
    /// <summary>
    /// Those whose text names the network API, and those with a further part of a type in one of these, or a type derived from one: a
    /// body may name no more than an inherited field. With a global alias of the network API it is all of them. Types are compared by their last name, which can only add sources.
    /// </summary>
    public static HashSet<SyntaxTree> Of(IReadOnlyCollection<ParsedSource> sources, CancellationToken cancellationToken)
    {
        SocketTopicScanner scanner = new();
        HashSet<SyntaxTree> found = [];
        if (sources.Any(source => scanner.ScanGlobalAliases(source.Tree.GetRoot(cancellationToken)) != SocketTopics.None))
        {
            // Any of them may use the alias.
            return [.. sources.Select(source => source.Tree)];
        }

        Queue<ParsedSource> pending = new();
        ILookup<string, ParsedSource> byName = sources
            .SelectMany(s => s.Declarations.TypeNames.Union(s.Declarations.BaseNames), (source, name) => (source, name))
            .ToLookup(p => p.name, p => p.source, StringComparer.Ordinal);
        foreach (ParsedSource source in sources)
        {
            if (scanner.Scan(source.Tree.GetText(cancellationToken)) != SocketTopics.None && found.Add(source.Tree))
            {
                pending.Enqueue(source);
            }
        }

        HashSet<string> followed = new(StringComparer.Ordinal);
        while (pending.TryDequeue(out ParsedSource? source))
        {
            foreach (string name in source.Declarations.TypeNames.Where(followed.Add))
            {
                foreach (ParsedSource other in byName[name])
                {
                    if (found.Add(other.Tree))
                    {
                        pending.Enqueue(other);
                    }
                }
            }
        }

        return found;
    }
}
