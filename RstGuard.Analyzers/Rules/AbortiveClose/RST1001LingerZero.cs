using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Rules;

/// <summary>
/// RST1001: linger on with zero seconds makes each close of the socket send a reset, and drops what the peer has not acknowledged.
/// Listening sockets are reported too, with what they do: accepted sockets inherit the option.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1001LingerZero() : LingerRule(Catalogue.LingerZero)
{
    private protected override object[]? MessageArguments(string name, long seconds, LingerTarget target) => seconds != 0 ? null :
    [
        name,
        Texts.Get(target switch
        {
            LingerTarget.Default => "RST1001Default",
            LingerTarget.Listener => "RST1001Listener",
            _ => "RST1001Closing",
        }),
    ];
}
