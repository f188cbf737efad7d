using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>A response, or its stream, that was returned before its body has come, and what its function does with it.</summary>
internal readonly struct StreamedResponse(IInvocationOperation call, SocketBody body)
{
    /// <summary>
    /// The place where it is left with its body unread: the call itself where no path reads or disposes of it, or the way out before that;
    /// <see langword="null"/> where it is disposed of, read to the end, or given to somebody who may do so.
    /// </summary>
    internal IOperation? WhereLeft()
    {
        ResultUse use = ResultUse.Of(call);
        if (use.Kind is ResultUseKind.Awaited or ResultUseKind.Waited)
        {
            use = ResultUse.Of(use.User);
        }

        switch (use.Kind)
        {
            // Without an await the task is dropped, and what it gives with it; for somebody else's business that may be meant.
            case ResultUseKind.Discarded when use.User is IExpressionStatementOperation:
                return call;
            case ResultUseKind.Stored when use is { StoredIn: ILocalSymbol local, User: IVariableDeclaratorOperation }:
                return WhereLeft(local);
            case ResultUseKind.Passed when use.User is IInvocationOperation { TargetMethod.Name: "EnsureSuccessStatusCode", Parent: IExpressionStatementOperation }:
                return call;
            default:
                return null;
        }
    }

    private IOperation? WhereLeft(ILocalSymbol local)
    {
        if (body.ValuesOf(local).Count != 1 || IsTask(local.Type) || IsInUsing(local))
        {
            return null;
        }

        IOperation? firstRead = null;
        foreach (IOperation reference in body.ReferencesTo(local))
        {
            IOperation value = reference;
            while (value.Parent is IConversionOperation or IParenthesizedOperation)
            {
                value = value.Parent;
            }

            switch (Role(value))
            {
                case ReferenceRole.End:
                    return null;
                case ReferenceRole.Read when firstRead is null || reference.Syntax.SpanStart < firstRead.Syntax.SpanStart:
                    firstRead = reference;
                    break;
            }

            if (Paths.FunctionOf(reference) != Paths.FunctionOf(call))
            {
                return null;
            }
        }

        return firstRead is null ? call : WayOut(local, firstRead);
    }

    private enum ReferenceRole
    {
        /// <summary>It is asked about: the status, a header.</summary>
        Question,

        /// <summary>Its body is read to the end, or somebody gets the stream of it.</summary>
        Read,

        /// <summary>It is disposed of, or given to somebody who may do so.</summary>
        End,
    }

    private static ReferenceRole Role(IOperation value)
    {
        switch (value.Parent)
        {
            case IConditionalAccessOperation access when access.Operation == value:
                return access.WhenNotNull is IPropertyReferenceOperation { Property.Name: not "Content" } ? ReferenceRole.Question : ReferenceRole.End;
            case IPropertyReferenceOperation { Property.Name: "Content" } content when content.Instance == value:
                return RoleOfContent(content);
            case IPropertyReferenceOperation property when property.Instance == value:
                return ReferenceRole.Question;
            case IInvocationOperation { TargetMethod.Name: "EnsureSuccessStatusCode" or "ToString" } asked when asked.Instance == value:
                return asked.Wrapped().Parent is IExpressionStatementOperation || asked.TargetMethod.Name == "ToString" ? ReferenceRole.Question : ReferenceRole.End;
            case IInvocationOperation { TargetMethod.Name: "CopyTo" or "CopyToAsync" } copy when copy.Instance == value:
                return ReferenceRole.Read;
            case IInvocationOperation { TargetMethod.Name: "Read" or "ReadAsync" or "ReadByte" } part when part.Instance == value && !Paths.IsInLoop(part):
                return ReferenceRole.Question;
            case IBinaryOperation or IIsPatternOperation { Pattern: IConstantPatternOperation or INegatedPatternOperation }:
                return ReferenceRole.Question;
            default:
                return ReferenceRole.End;
        }
    }

    private static ReferenceRole RoleOfContent(IPropertyReferenceOperation content) => content.Parent switch
    {
        IPropertyReferenceOperation { Property.Name: "Headers" } => ReferenceRole.Question,
        IInvocationOperation { TargetMethod: { Name: "ReadAsStringAsync" or "ReadAsByteArrayAsync" or "LoadIntoBufferAsync" or "CopyToAsync" or "CopyTo" or "ReadAsStreamAsync" or "ReadAsStream" } } read when read.Instance == content =>
            ReferenceRole.Read,
        IBinaryOperation or IIsPatternOperation => ReferenceRole.Question,
        _ => ReferenceRole.End,
    };

    /// <summary>A way out between the headers and the first read: the body stays unread there.</summary>
    private IOperation? WayOut(ILocalSymbol local, IOperation firstRead)
    {
        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (reference.Syntax.SpanStart < firstRead.Syntax.SpanStart && reference.Parent is IInvocationOperation { TargetMethod.Name: "EnsureSuccessStatusCode" } asked && !IsInTry(asked))
            {
                return asked;
            }
        }

        int from = call.Syntax.Span.End, to = firstRead.Syntax.SpanStart;
        IOperation function = Paths.FunctionOf(call);
        return function.Descendants().FirstOrDefault(operation => operation is IReturnOperation or IThrowOperation && operation.Syntax.SpanStart > from && operation.Syntax.Span.End < to
            && !operation.IsImplicit && Paths.FunctionOf(operation) == function);
    }

    // A handler around may know more of the response than is seen here.
    private static bool IsInTry(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ITryOperation { Catches.IsEmpty: false })
            {
                return true;
            }
        }

        return false;
    }

    private bool IsInUsing(ILocalSymbol local) =>
        body.Root.Descendants().Any(operation => operation switch
        {
            IUsingOperation scope => scope.Locals.Contains(local, SymbolEqualityComparer.Default),
            IUsingDeclarationOperation { DeclarationGroup: { } group } => group.Declarations.Any(declaration => declaration.Declarators.Any(declarator => SymbolEqualityComparer.Default.Equals(declarator.Symbol, local))),
            _ => false,
        });

    private bool IsTask(ITypeSymbol type) => body.Model.Concurrency.IsTask(type);
}
