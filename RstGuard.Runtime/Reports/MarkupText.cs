using System.Text;
using System.Xml;

namespace RstGuard.Reports;

/// <summary>Text as the content or a quoted attribute of HTML and XML.</summary>
internal static class MarkupText
{
    /// <summary>Printable, and with nothing in it that a parser could take for markup, nor what XML does not allow.</summary>
    public static string Of(string text)
    {
        text = PrintableText.Of(text);
        StringBuilder? escaped = null;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            string? entity = c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ => char.IsSurrogate(c) || XmlConvert.IsXmlChar(c) ? null : "\uFFFD",
            };
            if (entity is not null)
            {
                escaped ??= new StringBuilder(text.Length + 16).Append(text, 0, i);
                escaped.Append(entity);
            }
            else
            {
                escaped?.Append(c);
            }
        }

        return escaped?.ToString() ?? text;
    }
}
