using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Rules;

/// <summary>
/// RST1002: linger zero on a listening socket does nothing to that one, and makes the close of each socket that it accepts abortive on
/// Linux, where they inherit the option.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1002LingerZeroOnListener() : LingerRule(Catalogue.LingerZeroOnListener)
{
    private protected override object[]? MessageArguments(string name, long seconds, LingerTarget target) => (seconds, target) switch
    {
        (0, LingerTarget.Listener) => [name, Texts.Get("RST1002Socket")],
        (0, LingerTarget.ListenerDefault) => [name, Texts.Get("RST1002Default")],
        _ => null,
    };
}
