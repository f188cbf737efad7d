using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace RstGuard.Sockets;

/// <summary>
/// Where the files of a compilation name an identifier. A file is read once, into a set that tells for most words that they are not in it;
/// only files that may hold a word are searched for it.
/// </summary>
internal sealed class WordIndex
{
    private const int Bits = 1 << 13;
    private readonly ConcurrentDictionary<SyntaxTree, WordSet> _words = new();

    internal bool MayHold(SyntaxTree tree, string word, CancellationToken cancellationToken)
    {
        if (!_words.TryGetValue(tree, out WordSet? words))
        {
            words = _words.GetOrAdd(tree, WordSet.Of(tree.GetText(cancellationToken), start: 0, tree.Length, Bits, cancellationToken));
        }

        return words.MayHold(word);
    }

    /// <summary>The identifiers <paramref name="word"/> inside <paramref name="within"/>, in the order of the source.</summary>
    internal static IEnumerable<SyntaxToken> TokensOf(SyntaxNode within, string word, CancellationToken cancellationToken)
    {
        // A name that is not typed yet is everywhere, and the search for it would not move on.
        if (word.Length == 0)
        {
            yield break;
        }

        string text = within.SyntaxTree.GetText(cancellationToken).ToString(within.FullSpan);
        int offset = within.FullSpan.Start;
        for (int at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + word.Length, StringComparison.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((at > 0 && WordSet.IsWord(text[at - 1])) || (at + word.Length < text.Length && WordSet.IsWord(text[at + word.Length])))
            {
                continue;
            }

            SyntaxToken token = within.FindToken(offset + at);
            if (token.IsKind(SyntaxKind.IdentifierToken) && token.ValueText == word && token.Span.Contains(offset + at))
            {
                yield return token;
            }
        }
    }
}
