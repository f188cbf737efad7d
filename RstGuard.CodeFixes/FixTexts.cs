using System.Resources;

namespace RstGuard;

/// <summary>The titles of fixes, in the language of the user's tools.</summary>
internal static class FixTexts
{
    internal static readonly ResourceManager Resources = new("RstGuard.CodeFixes.Resources", typeof(FixTexts).Assembly);

    internal static string Get(string name) => Resources.GetString(name) ?? name;
}
