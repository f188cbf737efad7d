using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// Handlers that a server calls, and after which the server closes the connection, whether or not its input was read: of Kestrel's connections,
/// and of <c>HttpListener</c>'s requests.
/// </summary>
internal sealed class UnreadByHandler(SocketBody body)
{
    private readonly List<IInvocationOperation> _reads = [];

    private KnownTypes Types => body.Model.Types;

    /// <summary>
    /// The one <c>ReadAsync</c> of a <c>ConnectionHandler</c> that does not ask whether more is to come. A handler without any says nothing: the
    /// client of a service that only writes sends nothing.
    /// </summary>
    internal IInvocationOperation? OnlyReadOfAConnection() =>
        body.Owner is IMethodSymbol { Name: "OnConnectedAsync", IsOverride: true, Parameters: { Length: 1 } parameters, ContainingType: var type }
            && KnownTypes.IsOrDerives(type, Types.ConnectionHandler)
            && StaysHere(parameters[0], Part.Connection)
            && _reads.Count == 1 && Paths.FunctionOf(_reads[0]) is not (IAnonymousFunctionOperation or ILocalFunctionOperation)
            && !body.Root.Descendants().Any(MayWaitForMore)
            ? _reads[0]
            : null;

    /// <summary>
    /// The <c>Close</c> of a response whose <c>KeepAlive</c> is off, where a body is expected and nothing reads it. With <c>KeepAlive</c> on,
    /// <c>Close</c> reads the rest of the body by itself.
    /// </summary>
    internal (IInvocationOperation Close, IOperation Response, IOperation KeepAlive)? CloseWithoutTheBody()
    {
        if (Types.HttpListenerResponse?.GetMembers("KeepAlive").FirstOrDefault() is not { } keepAlive
            || body.ReferencesTo(keepAlive).FirstOrDefault(IsSetToFalse) is not { } off)
        {
            return null;
        }

        bool expectsBody = false;
        foreach (ISymbol symbol in body.Symbols)
        {
            if (IsRequestHolder(symbol, out bool isContext) && !(CanBeFollowed(symbol) && body.ReferencesTo(symbol).All(reference => IsLookedAt(reference, isContext))))
            {
                return null;
            }

            if (symbol is IPropertySymbol { Name: var name } && KnownTypes.Is(symbol.ContainingType, Types.HttpListenerRequest))
            {
                if (name == "InputStream")
                {
                    return null;
                }

                expectsBody |= name is "HasEntityBody" or "ContentLength64" || (name == "HttpMethod" && body.ReferencesTo(symbol).Any(IsComparedWithMethodOfABody));
            }
        }

        return expectsBody && CloseAfter(off) is { Instance: { } response } close ? (close, response, off.Parent!) : null;
    }

    private enum Part
    {
        Connection,
        Transport,
        Input,
    }

    private bool StaysHere(ISymbol holder, Part part) => body.ReferencesTo(holder).All(reference => StaysHere(reference, part));

    private bool StaysHere(IOperation reference, Part part)
    {
        switch (reference.Wrapped().Parent)
        {
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var alias } }:
                return body.ValuesOf(alias).Count == 1 && StaysHere(alias, part);
            case IPropertyReferenceOperation { Property.Name: var name } property:
                return (part, name) switch
                {
                    (Part.Connection, "ConnectionId" or "LocalEndPoint" or "RemoteEndPoint") => true,
                    (Part.Connection, "ConnectionClosed") => property.Parent is IArgumentOperation { Parent: IInvocationOperation { TargetMethod.Name: "ReadAsync" or "WriteAsync" or "FlushAsync" } },
                    (Part.Connection, "Transport") => StaysHere(property, Part.Transport),
                    (Part.Transport, "Input") => StaysHere(property, Part.Input),
                    (Part.Transport, "Output") => true,
                    _ => false,
                };
            case IInvocationOperation { TargetMethod.Name: "ReadAsync" } read when part == Part.Input:
                _reads.Add(read);
                return true;
            case IInvocationOperation { TargetMethod.Name: "AdvanceTo" or "Complete" or "CompleteAsync" }:
                return part == Part.Input;
            default:
                return false;
        }
    }

    // A loop that waits, a question for the end, or a length that is known.
    private static bool MayWaitForMore(IOperation operation) => operation switch
    {
        ILoopOperation loop => loop is IForEachLoopOperation { IsAsynchronous: true } || loop.Descendants().Any(inner => inner is IAwaitOperation),
        IBranchOperation { BranchKind: BranchKind.GoTo } => true,
        IPropertyReferenceOperation { Property: { Name: "IsCompleted", ContainingType.Name: "ReadResult" } } => true,
        IPropertyReferenceOperation { Property: { Name: "Length", ContainingType.Name: "ReadOnlySequence" } } length =>
            length.Wrapped().Parent is IBinaryOperation comparison && !IsZero(comparison.LeftOperand) && !IsZero(comparison.RightOperand),
        _ => false,
    };

    private static bool IsZero(IOperation operand) => operand.IsConstant(out long value) && value == 0;

    private bool IsRequestHolder(ISymbol symbol, out bool isContext)
    {
        ITypeSymbol? type = symbol switch
        {
            ILocalSymbol local => local.Type,
            IParameterSymbol parameter => parameter.Type,
            IFieldSymbol field => field.Type,
            IPropertySymbol property => property.Type,
            _ => null,
        };
        isContext = KnownTypes.Is(type, Types.HttpListenerContext);
        return isContext || KnownTypes.Is(type, Types.HttpListenerRequest);
    }

    // What a field or a property of the code's own holds, other members may read.
    private bool CanBeFollowed(ISymbol holder) => holder is ILocalSymbol or IParameterSymbol || KnownTypes.Is(holder.ContainingType, Types.HttpListenerContext);

    private static bool IsLookedAt(IOperation holder, bool isContext) =>
        holder.Wrapped().Parent is IPropertyReferenceOperation || (!isContext && holder.Wrapped().Parent is IVariableInitializerOperation);

    private static bool IsSetToFalse(IOperation keepAlive) =>
        keepAlive.Parent is ISimpleAssignmentOperation { Value.ConstantValue: { HasValue: true, Value: false } } assignment && assignment.Target == keepAlive;

    private static bool IsComparedWithMethodOfABody(IOperation method) => method.Wrapped().Parent is IBinaryOperation comparison
        && (IsMethodOfABody(comparison.LeftOperand) || IsMethodOfABody(comparison.RightOperand));

    private static bool IsMethodOfABody(IOperation operand) => operand.ConstantValue is { HasValue: true, Value: "POST" or "PUT" or "PATCH" };

    private IInvocationOperation? CloseAfter(IOperation off) => body.OperationsOf(SocketOperationKind.Close).Select(close => close.Operation).OfType<IInvocationOperation>()
        .FirstOrDefault(close => KnownTypes.Is(close.TargetMethod.ContainingType, Types.HttpListenerResponse) && Paths.RunsBefore(off, close) && Paths.FunctionOf(off) == Paths.FunctionOf(close));
}
