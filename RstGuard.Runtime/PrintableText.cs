using System.Globalization;
using System.Text;

namespace RstGuard;

/// <summary>
/// Text that may come from a capture or a source file, made fit to be shown: it can't write a control sequence to a terminal, and
/// can't be read as what it is not.
/// </summary>
internal static class PrintableText
{
    private const string Replacement = "\uFFFD";

    /// <summary>The text in one line: a tab becomes four spaces, each other character that is not for reading U+FFFD.</summary>
    public static string Of(string text) => Clean(text, keepLines: false);

    /// <summary>The same with its line feeds kept.</summary>
    public static string OfLines(string text) => Clean(text, keepLines: true);

    private static string Clean(string text, bool keepLines)
    {
        StringBuilder? clean = null;
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            int length = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? 2 : 1;
            bool isShown = length == 1 ? IsShown(c, keepLines) : !IsHidden(CharUnicodeInfo.GetUnicodeCategory(text, i));
            if (!isShown)
            {
                clean ??= new StringBuilder(text.Length + 8).Append(text, 0, i);
                clean.Append(c == '\t' ? "    " : Replacement);
            }
            else
            {
                clean?.Append(text, i, length);
            }

            i += length;
        }

        return clean?.ToString() ?? text;
    }

    private static bool IsShown(char c, bool keepLines) => c is >= ' ' and < '\x7f' || (c == '\n' && keepLines) || (c is > '\x9f' and < '\ufffe' && !IsHidden(char.GetUnicodeCategory(c)));

    // Format characters turn the direction of text (U+202A to U+202E, U+2066 to U+2069) or are not seen at all.
    private static bool IsHidden(UnicodeCategory category) => category
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
