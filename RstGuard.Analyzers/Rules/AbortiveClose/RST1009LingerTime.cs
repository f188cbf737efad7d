using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Rules;

/// <summary>
/// RST1009: linger on with a time makes each close wait for the peer's acknowledgements, on the thread that closes. It sends nothing that
/// would not be sent without it, and no reset when the time is over.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1009LingerTime() : LingerRule(Catalogue.LingerTime)
{
    private protected override object[]? MessageArguments(string name, long seconds, LingerTarget target) => seconds <= 0 ? null :
    [
        name,
        seconds,
        Texts.Get(target switch
        {
            LingerTarget.Default or LingerTarget.ListenerDefault => "RST1009Default",
            LingerTarget.Listener => "RST1009Listener",
            _ => "RST1009Closing",
        }),
    ];
}
