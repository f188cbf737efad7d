using System.Resources;
using Microsoft.CodeAnalysis;

namespace RstGuard;

/// <summary>The texts that users read, in the language of their tools.</summary>
internal static class Texts
{
    /// <summary>Resources.resx, and one satellite assembly a further language.</summary>
    internal static readonly ResourceManager Resources = new("RstGuard.Analyzers.Resources", typeof(Texts).Assembly);

    /// <summary>The text called <paramref name="name"/>; which language it has is decided when it is shown.</summary>
    internal static LocalizableString Get(string name) => new LocalizableResourceString(name, Resources, typeof(Texts));
}
