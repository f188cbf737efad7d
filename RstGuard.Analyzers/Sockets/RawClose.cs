using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>A place that closes a socket itself, without a shutdown that comes with it, and what it closes.</summary>
internal readonly struct RawClose(IOperation operation, IOperation connection)
{
    /// <summary>The close, the end of a scope, or the call of a helper that closes.</summary>
    internal IOperation Operation { get; } = operation;

    /// <summary>What is closed, as it is written.</summary>
    internal IOperation Connection { get; } = connection;

    /// <summary>
    /// The closes in <paramref name="body"/> of which what is pending decides: of a <c>Socket</c>, since clients and owning streams shut
    /// down first; without a timeout, which decides by itself.
    /// </summary>
    internal static IEnumerable<RawClose> In(SocketBody body, CancellationToken cancellationToken)
    {
        KnownTypes types = body.Model.Types;
        foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Close))
        {
            if (operation is { CloseForm: CloseForm.Plain, Connection: { } connection }
                && KnownTypes.IsOrDerives(TypeOf(connection), types.Socket))
            {
                yield return new RawClose(operation.Operation, connection);
            }
        }

        foreach (IMethodSymbol method in body.Symbols.OfType<IMethodSymbol>().Where(method => method.Parameters.Any(parameter => KnownTypes.IsOrDerives(parameter.Type, types.Socket))).ToArray())
        {
            foreach (IInvocationOperation call in body.ReferencesTo(method).OfType<IInvocationOperation>())
            {
                foreach (IArgumentOperation argument in call.Arguments)
                {
                    if (argument.Parameter is { } parameter && KnownTypes.IsOrDerives(parameter.Type, types.Socket)
                        && Closes(method, parameter.Ordinal, body.Model, [], cancellationToken))
                    {
                        yield return new RawClose(call, Operations.Receiver(argument.Value) ?? argument.Value);
                    }
                }
            }
        }
    }

    private static ITypeSymbol? TypeOf(IOperation connection) => connection is IVariableDeclaratorOperation declarator ? declarator.Symbol.Type : connection.Type;

    /// <summary>Whether a method closes the socket it is given, in itself or through another such method, and shuts nothing down.</summary>
    private static bool Closes(IMethodSymbol method, int ordinal, SocketModel model, HashSet<ISymbol> seen, CancellationToken cancellationToken)
    {
        const int DeepestHelper = 3;
        if (method.MethodKind is not (MethodKind.Ordinary or MethodKind.LocalFunction) || method.IsAbstract || method.IsVirtual
            || !seen.Add(method) || seen.Count > DeepestHelper
            || model.Calls.BodyOf(method, cancellationToken) is not { } body)
        {
            return false;
        }

        IParameterSymbol parameter = method.OriginalDefinition.Parameters[ordinal];
        bool closes = false;
        foreach (IOperation reference in body.ReferencesTo(parameter))
        {
            if (reference.Wrapped().Parent is IArgumentOperation { Parent: IInvocationOperation next } argument && argument.Parameter is { } given)
            {
                closes |= Closes(next.TargetMethod, given.Ordinal, model, seen, cancellationToken);
            }
        }

        foreach (SocketOperation operation in body.Operations)
        {
            if (operation.Connection is { } connection && SymbolEqualityComparer.Default.Equals(ConnectionReach.HolderOf(connection, body), parameter))
            {
                switch (operation.Kind)
                {
                    case SocketOperationKind.Close:
                        closes |= operation is { Api: ConnectionApi.Socket, CloseForm: CloseForm.Plain, Operation: IInvocationOperation };
                        break;
                    case SocketOperationKind.Shutdown or SocketOperationKind.Disconnect or SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Send:
                        return false;
                }
            }
        }

        return closes;
    }
}
