using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>
/// A source with its expectations written into it, in the markup of Microsoft.CodeAnalysis.Testing: <c>[|…|]</c> marks a diagnostic
/// of the rule under test, <c>{|RST1001:…|}</c> one of that id, <c>{|#0:…|}</c> an additional location, and <c>$$</c> the place
/// where a diagnostic of the rule under test begins, whatever its length. Marks may nest.
/// </summary>
internal sealed record Markup(string Source, ImmutableArray<Mark> Diagnostics, ImmutableArray<TextSpan> AdditionalLocations)
{
    public static Markup Parse(string text)
    {
        var source = new StringBuilder(text.Length);
        var diagnostics = new List<(int Order, Mark Mark)>();
        var locations = new List<(string Key, TextSpan Span)>();
        var open = new Stack<(string? Name, int Start, int Order)>();
        int order = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char next = i + 1 < text.Length ? text[i + 1] : '\0';
            switch (text[i], next)
            {
                case ('[', '|'):
                    open.Push((null, source.Length, order++));
                    i++;
                    break;
                case ('{', '|') when text.IndexOf(':', i) is > 0 and int colon && IsName(text.AsSpan(i + 2, colon - i - 2)):
                    open.Push((text[(i + 2)..colon], source.Length, order++));
                    i = colon;
                    break;
                case ('|', ']') when open.TryPeek(out var top) && top.Name is null:
                case ('|', '}') when open.TryPeek(out top) && top.Name is not null:
                    open.Pop();
                    var span = TextSpan.FromBounds(top.Start, source.Length);
                    if (top.Name is ['#', ..])
                    {
                        locations.Add((top.Name, span));
                    }
                    else
                    {
                        diagnostics.Add((top.Order, new Mark(top.Name, span)));
                    }

                    i++;
                    break;
                case ('$', '$') when i + 2 >= text.Length || text[i + 2] is not ('"' or '$'):
                    diagnostics.Add((order++, new Mark(null, new TextSpan(source.Length, 0), IsPosition: true)));
                    i++;
                    break;
                default:
                    source.Append(text[i]);
                    break;
            }
        }

        if (open.Count > 0)
        {
            throw new FormatException($"The mark '{(open.Peek().Name is { } name ? "{|" + name + ":" : "[|")}' is never closed.");
        }

        return new(
            source.ToString(),
            [.. diagnostics.OrderBy(d => d.Order).Select(d => d.Mark)],
            [.. locations.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => l.Span)]);
    }

    private static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '#')
            {
                return false;
            }
        }

        return text.Length > 0;
    }
}

/// <param name="Id">Null: an id of the rule under test.</param>
/// <param name="Span">In the source without marks.</param>
/// <param name="IsPosition">Only where the diagnostic begins is told.</param>
internal readonly record struct Mark(string? Id, TextSpan Span, bool IsPosition = false);
