using System.Collections.Generic;

namespace RstGuard.Sockets;

/// <summary>The words of a name.</summary>
internal static class NameWords
{
    /// <summary>In camel case: <c>SendRSTNow_2</c> is Send, RST, Now.</summary>
    internal static IEnumerable<string> Of(string name)
    {
        int start = 0;
        for (int i = 1; i <= name.Length; i++)
        {
            bool ends = i == name.Length
                || !char.IsLetter(name[i])
                || !char.IsLetter(name[i - 1])
                || (char.IsUpper(name[i]) && (char.IsLower(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]))));
            if (ends)
            {
                if (char.IsLetter(name[start]))
                {
                    yield return name.Substring(start, i - start);
                }

                start = i;
            }
        }
    }
}
