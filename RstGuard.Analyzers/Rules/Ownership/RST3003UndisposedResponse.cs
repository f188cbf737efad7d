using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST3003: a response whose body is still on its way holds its connection until it is read to the end or disposed of. Left to the
/// finalizer, the connection is reset at a random time.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST3003UndisposedResponse() : SocketRule(Catalogue.UndisposedResponse, SocketTopics.Http)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (IInvocationOperation call in body.Root.Descendants().OfType<IInvocationOperation>())
            {
                if (IsStreamed(call, context.Model.Types) && new StreamedResponse(call, body).WhereLeft() is { } left)
                {
                    context.Report(
                        call.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        left.Syntax == call.Syntax ? null : left,
                        severity: null,
                        call.TargetMethod.Name);
                }
            }
        }
    }

    /// <summary>A call of <c>HttpClient</c> that returns before the body has come.</summary>
    private static bool IsStreamed(IInvocationOperation call, KnownTypes types)
    {
        const long HeadersRead = 1;
        return KnownTypes.IsOrDerives(call.TargetMethod.ContainingType, types.HttpClient)
            && (call.TargetMethod.Name == "GetStreamAsync" || (call.Argument("completionOption").IsConstant(out long option) && option == HeadersRead));
    }
}
