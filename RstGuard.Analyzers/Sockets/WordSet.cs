using System;
using System.Threading;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Sockets;

/// <summary>The words of a piece of text, as a small set of bits (a Bloom filter with one hash function): of a word that it does not hold, the text has none.</summary>
internal sealed class WordSet
{
    private const int BufferLength = 4096;

    // FNV-1a.
    private const uint Start = 2166136261;

    private readonly ulong[] _bits;

    private WordSet(int bits) => _bits = new ulong[bits >> 6];

    /// <summary>Reads the words between two positions of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The first position.</param>
    /// <param name="end">The position after the last one.</param>
    /// <param name="bits">The size of the set, a power of two and 64 at the least.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal static WordSet Of(SourceText text, int start, int end, int bits, CancellationToken cancellationToken)
    {
        WordSet words = new(bits);
        char[] buffer = new char[Math.Min(BufferLength, Math.Max(1, end - start))];
        uint hash = Start;
        bool inWord = false;
        for (int at = start; at < end; at += buffer.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int length = Math.Min(buffer.Length, end - at);
            text.CopyTo(at, buffer, 0, length);
            for (int i = 0; i < length; i++)
            {
                char c = buffer[i];
                if (IsWord(c))
                {
                    hash = Next(hash, c);
                    inWord = true;
                }
                else if (inWord)
                {
                    words.Add(hash);
                    hash = Start;
                    inWord = false;
                }
            }
        }

        words.Add(hash);
        return words;
    }

    /// <summary>Whether the text may hold the word: where it does not, it is sure not to.</summary>
    internal bool MayHold(string word)
    {
        uint hash = Start;
        foreach (char c in word)
        {
            hash = Next(hash, c);
        }

        return (_bits[Slot(hash)] & (1UL << (int)(hash & 63))) != 0;
    }

    /// <summary>Whether identifiers may hold the character.</summary>
    internal static bool IsWord(char c) => c < 128 ? (uint)((c | 0x20) - 'a') < 26 || (uint)(c - '0') < 10 || c == '_' : char.IsLetterOrDigit(c);

    private static uint Next(uint hash, char c) => (hash ^ c) * 16777619;

    private int Slot(uint hash) => (int)(hash >> 6) & (_bits.Length - 1);

    private void Add(uint hash) => _bits[Slot(hash)] |= 1UL << (int)(hash & 63);
}
