using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace RstGuard.Sockets;

/// <summary>
/// Where the files of a compilation name an identifier. A file is read once, into a small set of bits that tells for most words that
/// they are not in it; only files that may hold a word are searched for it.
/// </summary>
internal sealed class WordIndex
{
    private const int Bits = 1 << 13;
    private const int BufferLength = 4096;
    private readonly ConcurrentDictionary<SyntaxTree, ulong[]> _words = new();

    internal bool MayHold(SyntaxTree tree, string word, CancellationToken cancellationToken)
    {
        if (!_words.TryGetValue(tree, out ulong[]? words))
        {
            words = _words.GetOrAdd(tree, Read(tree, cancellationToken));
        }

        uint hash = Start;
        foreach (char c in word)
        {
            hash = Next(hash, c);
        }

        return (words[(hash % Bits) >> 6] & (1UL << (int)(hash & 63))) != 0;
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
            if ((at > 0 && IsWord(text[at - 1])) || (at + word.Length < text.Length && IsWord(text[at + word.Length])))
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

    // FNV-1a.
    private const uint Start = 2166136261;

    private static uint Next(uint hash, char c) => (hash ^ c) * 16777619;

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    private static ulong[] Read(SyntaxTree tree, CancellationToken cancellationToken)
    {
        ulong[] words = new ulong[Bits >> 6];
        Microsoft.CodeAnalysis.Text.SourceText text = tree.GetText(cancellationToken);
        char[] buffer = new char[Math.Min(BufferLength, Math.Max(1, text.Length))];
        uint hash = Start;
        bool inWord = false;
        for (int start = 0; start < text.Length; start += buffer.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int length = Math.Min(buffer.Length, text.Length - start);
            text.CopyTo(start, buffer, 0, length);
            for (int i = 0; i < length; i++)
            {
                if (IsWord(buffer[i]))
                {
                    hash = Next(hash, buffer[i]);
                    inWord = true;
                }
                else if (inWord)
                {
                    words[(hash % Bits) >> 6] |= 1UL << (int)(hash & 63);
                    hash = Start;
                    inWord = false;
                }
            }
        }

        words[(hash % Bits) >> 6] |= 1UL << (int)(hash & 63);
        return words;
    }
}
