using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST3002: a <c>NetworkStream</c> that does not own its socket leaves it open when it is disposed. Where nothing else has the socket, nobody
/// closes it but its finalizer, and that resets the connection.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST3002NonOwningStream() : SocketRule(Catalogue.NonOwningStream, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Wrap, Operation: IObjectCreationOperation creation }
                    && ConnectionWrap.Of(creation, context.Model.Types) is { Owns: false } wrap
                    && SocketUnder(wrap, context.Model.Types) is { } socket
                    && GoesNowhereElse(socket, creation, body)
                    && !IsReached(creation, body)
                    && !IsLeakOf(socket, body, context.CancellationToken)
                    && !SocketKindOf.IsNotTcp(socket, body, context.CancellationToken))
                {
                    context.Report(
                        creation.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        socket is ILocalReferenceOperation local ? body.ValuesOf(local.Local).FirstOrDefault() : null,
                        severity: null,
                        creation.Type!.Name,
                        socket.Syntax.ToString());
                }
            }
        }
    }

    /// <summary>RST3001 marks where the socket is made: one diagnostic is enough.</summary>
    private static bool IsLeakOf(IOperation socket, SocketBody body, CancellationToken cancellationToken) => socket is ILocalReferenceOperation { Local: var local }
        && LeakedConnection.In(body, cancellationToken).Any(leak => SymbolEqualityComparer.Default.Equals(leak.Holder, local));

    /// <summary>The socket that stays open: under a stream that does not own it, or under one that does and is left open itself.</summary>
    private static IOperation? SocketUnder(ConnectionWrap wrap, KnownTypes types) => wrap.Api switch
    {
        ConnectionApi.NetworkStream => wrap.Inner,
        ConnectionApi.Tls when wrap.Inner is IObjectCreationOperation && ConnectionWrap.Of(wrap.Inner, types) is { Api: ConnectionApi.NetworkStream, Owns: true } stream => stream.Inner,
        _ => null,
    };

    /// <summary>Whether the socket is made here and nothing but the stream could close it when all goes well: a handler closes it on the other path alone.</summary>
    private static bool GoesNowhereElse(IOperation socket, IOperation creation, SocketBody body)
    {
        if (SocketOperation.MakesConnection(socket, body.Model.Types))
        {
            return true;
        }

        if (socket is not ILocalReferenceOperation { Local: var local } || !body.LocalAliases.HasKnownOrigin(local)
            || body.ValuesOf(local).Any(value => value.Unwrap() is IParameterReferenceOperation))
        {
            return false;
        }

        foreach (SocketOperation close in body.Operations)
        {
            if (close.Kind == SocketOperationKind.Close && !Paths.IsInCatch(close.Operation)
                && SymbolEqualityComparer.Default.Equals(close.Connection is IVariableDeclaratorOperation scope ? scope.Symbol : SocketKindOf.SymbolOf(close.Connection), local))
            {
                return false;
            }
        }

        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (Paths.FunctionOf(reference) != Paths.FunctionOf(creation) || !StaysHere(reference, creation, body.Model.Types))
            {
                return false;
            }
        }

        return true;
    }

    private static bool StaysHere(IOperation reference, IOperation creation, KnownTypes types)
    {
        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        // s?.Connect(…): the value is what is asked for null.
        if (value.Parent is IConditionalAccessOperation access && access.Operation == value)
        {
            return access.WhenNotNull is IInvocationOperation called ? types.Members.Find(called.TargetMethod) is not null : access.WhenNotNull is IPropertyReferenceOperation asked && !IsHandle(asked);
        }

        return value.Parent switch
        {
            IInvocationOperation call when call.Instance == value => types.Members.Find(call.TargetMethod) is { Kind: not SocketOperationKind.HandOver } || call.TargetMethod.Name is "Close" or "Dispose",
            IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { IsExtensionMethod: true } extension } } => types.Members.Find(extension) is not null,
            IArgumentOperation { Parent: IObjectCreationOperation made } => Paths.IsInside(made, creation),
            IPropertyReferenceOperation property when property.Instance == value => !IsHandle(property),
            ISimpleAssignmentOperation assignment => assignment.Target == value,
            IBinaryOperation or IIsPatternOperation => true,
            _ => false,
        };
    }

    private static bool IsHandle(IPropertyReferenceOperation property) => property.Property.Name is "SafeHandle" or "Handle";

    /// <summary>The stream gives the socket back to who asks for it.</summary>
    private static bool IsReached(IObjectCreationOperation creation, SocketBody body) =>
        body.Root.Descendants().Any(operation => operation is IPropertyReferenceOperation { Property: { Name: "Socket" } property }
            && KnownTypes.IsOrDerives(property.ContainingType, body.Model.Types.NetworkStream))
        && creation.Wrapped().Parent is IVariableInitializerOperation or ISimpleAssignmentOperation;
}
