using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST6001: a keep-alive that comes later than load balancers, NAT and firewalls forget an idle connection. What is sent after that is answered
/// with a reset, or swallowed.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST6001SlowKeepAlive() : SocketRule(Catalogue.SlowKeepAlive, SocketTopics.Tcp)
{
    // What gives the keep-alive a time besides SetSocketOption: the control code of Windows, and Linux's own name.
    private static readonly string[] OtherTimes = ["TcpKeepAliveTime", "KeepAliveValues", "TCP_KEEPIDLE"];

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Inquire))
            {
                if (operation.Operation is not IInvocationOperation call || KeepAliveOption.Of(call, body.Model.Types) is not { } option)
                {
                    continue;
                }

                if (option is { Name: KeepAliveOption.OnOff, IsOn: true })
                {
                    if (!HasTime(call, body, context.CancellationToken) && !SocketKindOf.IsNotTcp(Operations.Receiver(call.Instance), body, context.CancellationToken))
                    {
                        Report(call, DiagnosticProperties.KeepAliveForms.SystemDefault, "7200", context);
                    }
                }
                else if (option is { Name: KeepAliveOption.Time, Seconds: { } seconds } && seconds > context.Options.MaxIdleSeconds)
                {
                    Report(option.Value, DiagnosticProperties.KeepAliveForms.Seconds, seconds.ToString(CultureInfo.InvariantCulture), context);
                }
            }

            foreach (ISimpleAssignmentOperation assignment in body.PropertyAssignments)
            {
                if (IsHeartbeat(((IPropertyReferenceOperation)assignment.Target).Property)
                    && ConstantTimeout.Of(assignment.Value, context.Model, context.CancellationToken) is { } time && time.Milliseconds > context.Options.MaxIdleSeconds * 1000.0)
                {
                    Report(time.Value, DiagnosticProperties.KeepAliveForms.TimeSpan, (time.Milliseconds / 1000).ToString("0.###", CultureInfo.InvariantCulture), context);
                }
            }
        }
    }

    private static bool IsHeartbeat(IPropertySymbol property) => property.Name switch
    {
        "KeepAliveInterval" => property.ContainingType.Name is "ClientWebSocketOptions" or "WebSocketCreationOptions" or "WebSocketOptions" && IsOf(property, "System.Net.WebSockets", "Microsoft.AspNetCore.Builder"),
        "KeepAlivePingDelay" => property.ContainingType.Name is "SocketsHttpHandler" && IsOf(property, "System.Net.Http", ""),
        _ => false,
    };

    private static bool IsOf(IPropertySymbol property, string home, string otherHome) =>
        property.ContainingNamespace.ToDisplayString() is var actual && (actual == home || actual == otherHome);

    /// <summary>
    /// Whether the socket also gets a time: by a call of the same function that is not in another branch, or by what another member of the type
    /// mentions.
    /// </summary>
    private static bool HasTime(IInvocationOperation on, SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Inquire))
        {
            if (operation.Operation is IInvocationOperation call && call != on && (IsControlCode(call) || KeepAliveOption.Of(call, body.Model.Types) is { Name: KeepAliveOption.Time })
                && (Paths.FunctionOf(call) != Paths.FunctionOf(on) || Paths.MayRunBefore(call, on) || Paths.MayRunBefore(on, call)))
            {
                return true;
            }
        }

        TextSpan own = body.Root.Syntax.Span;
        foreach (SyntaxReference part in body.Owner.ContainingType?.DeclaringSyntaxReferences ?? ImmutableArray<SyntaxReference>.Empty)
        {
            SourceText text = part.SyntaxTree.GetText(cancellationToken);
            bool isHere = part.SyntaxTree == body.Root.Syntax.SyntaxTree && part.Span.Contains(own);
            TextSpan[] others = isHere ? [TextSpan.FromBounds(part.Span.Start, own.Start), TextSpan.FromBounds(own.End, part.Span.End)] : [part.Span];
            if (others.Select(text.ToString).Any(written => OtherTimes.Any(name => written.IndexOf(name, StringComparison.Ordinal) >= 0)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsControlCode(IInvocationOperation call) => call is { TargetMethod: { Name: "IOControl", ContainingType.Name: "Socket" } };

    private static void Report(IOperation marked, string form, string seconds, RuleContext context) => context.Report(
        marked.Syntax.GetLocation(),
        ImmutableDictionary<string, string?>.Empty
            .Add(DiagnosticProperties.Form, form)
            .Add(DiagnosticProperties.MaxIdleSeconds, context.Options.MaxIdleSeconds.ToString(CultureInfo.InvariantCulture)),
        otherHalf: null,
        severity: null,
        seconds,
        Texts.Get(form == DiagnosticProperties.KeepAliveForms.SystemDefault ? "RST6001SystemDefault" : "RST6001Constant"));
}
