using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Rules;

/// <summary>
/// RST1001: linger on with zero seconds makes each close of the socket send a reset, and drops what the peer has not acknowledged.
/// On a listening socket, whose accepted sockets inherit the option, it is RST1002's.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1001LingerZero() : LingerRule(Catalogue.LingerZero)
{
    private protected override object[]? MessageArguments(string name, long seconds, LingerTarget target) => seconds != 0 || target is LingerTarget.Listener or LingerTarget.ListenerDefault
        ? null
        : [name, Texts.Get(target == LingerTarget.Default ? "RST1001Default" : "RST1001Closing")];
}
