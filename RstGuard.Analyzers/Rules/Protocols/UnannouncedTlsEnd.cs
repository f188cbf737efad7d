using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A close of a TLS stream that the type itself made and shook hands on, where the type nowhere says goodbye. The close stands in no handler:
/// after a failure there is nobody to say goodbye to.
/// </summary>
internal sealed class UnannouncedTlsEnd
{
    // What sends close_notify, by whatever way the target has.
    private static readonly string[] Farewells = ["ShutdownAsync", "CloseGracefullyAsync", "CloseNotify"];

    private UnannouncedTlsEnd(SocketOperation close, IOperation? creation, bool isLocal)
    {
        Close = close;
        Creation = creation;
        IsLocal = isLocal;
    }

    internal SocketOperation Close { get; }

    /// <summary>Where the stream is made; <see langword="null"/> in a type that is one.</summary>
    internal IOperation? Creation { get; }

    /// <summary>A local holds the stream, and one function alone uses it: nobody else can be reading.</summary>
    internal bool IsLocal { get; }

    /// <summary>What is closed, as the code names it.</summary>
    internal string Name => Close.Connection switch
    {
        IVariableDeclaratorOperation { Symbol.Name: var resource } => resource,
        IInstanceReferenceOperation { Type.Name: var own } when Creation is null => own,
        var connection => connection!.Syntax.ToString(),
    };

    /// <summary>Those that <paramref name="body"/> closes.</summary>
    internal static IEnumerable<UnannouncedTlsEnd> In(SocketBody body, CancellationToken cancellationToken)
    {
        if (!body.Operations.Any(operation => operation.Kind == SocketOperationKind.Close) || body.Owner.ContainingType is not { } type)
        {
            return [];
        }

        List<UnannouncedTlsEnd> found = [.. OfLocals(body, cancellationToken), .. OfFields(body, cancellationToken), .. OfOwnBase(body, type)];
        return found.Count == 0 || NamesFarewell(type, cancellationToken) ? []
            : found.Where(end => end.Creation?.Type is not INamedTypeSymbol made || !NamesFarewell(made, cancellationToken));
    }

    private static IEnumerable<UnannouncedTlsEnd> OfLocals(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (ISymbol symbol in body.Symbols)
        {
            if (symbol is ILocalSymbol local && body.ValuesOf(local).Select(value => CreationIn(value, body)).FirstOrDefault(creation => creation is not null) is { } creation
                && HandshakeOn(local, body) is { } handshake && !MayBeEndedElsewhere(local, body)
                && FirstClose(local, handshake, body, cancellationToken) is { } close)
            {
                yield return new(close, creation, body.ReferencesTo(local).All(reference => Paths.FunctionOf(reference) == Paths.FunctionOf(creation)));
            }
        }
    }

    /// <summary>The first close of the stream, or of the connection under it, that may follow the handshake, where no path reads to the peer's end before.</summary>
    private static SocketOperation? FirstClose(ILocalSymbol local, SocketOperation handshake, SocketBody body, CancellationToken cancellationToken)
    {
        ISymbol? holder = body.LocalAliases.HolderOf(local);
        ConnectionUse? use = holder is null ? null : body.Connections.FirstOrDefault(one => SymbolEqualityComparer.Default.Equals(one.Holder, holder));
        SocketOperation[] own = [.. body.Operations.Where(operation => SymbolEqualityComparer.Default.Equals(SymbolOf(operation), local))];
        IEnumerable<SocketOperation> operations = use?.Operations ?? own.AsEnumerable();
        IEnumerable<SocketOperation> closes = own.Where(operation => operation.Kind == SocketOperationKind.Close).Concat(use?.ClosesInOrder ?? []);
        return closes.FirstOrDefault(one => !Paths.IsInCatch(one.Operation) && Paths.MayRunBefore(handshake.Operation, one.Operation)
                && !IsGivenUp(one, handshake, local, body)) is { } close
            && !operations.Any(ReadsToTheEnd)
            && !(use is not null && body.Flow(cancellationToken).Before(close) is { } facts && facts.Ever(ConnectionFacts.AtEnd))
            ? close
            : null;
    }

    /// <summary>
    /// A branch that closes and leaves, before the stream was used: the handshake failed, or its time is over, and nobody is there to say goodbye to.
    /// </summary>
    private static bool IsGivenUp(SocketOperation close, SocketOperation handshake, ILocalSymbol local, SocketBody body)
    {
        IOperation inner = close.Operation;
        for (IOperation? outer = inner.Parent; outer is not null && !Paths.IsInside(handshake.Operation, outer); inner = outer, outer = outer.Parent)
        {
            if (outer is IConditionalOperation conditional && inner != conditional.Condition && inner is IBlockOperation { Operations: { IsEmpty: false } statements }
                && statements[statements.Length - 1] is IReturnOperation or IThrowOperation or IExpressionStatementOperation { Operation: IThrowOperation })
            {
                return !body.ReferencesTo(local).Any(reference => reference.Parent is not IPropertyReferenceOperation
                    && !body.Operations.Any(operation => IsHandshake(operation) && operation.Connection == reference)
                    && reference.Syntax.SpanStart > handshake.Operation.Syntax.Span.End && reference.Syntax.Span.End < close.Operation.Syntax.SpanStart
                    && Paths.MayRunBefore(reference, close.Operation));
            }
        }

        return false;
    }

    /// <summary>The peer ended first: a loop whose condition is that something is read, or a call that reads all there is.</summary>
    private static bool ReadsToTheEnd(SocketOperation operation) => operation.Kind switch
    {
        SocketOperationKind.Receive => Paths.LoopOf(operation.Operation) is IWhileLoopOperation { Condition: { } condition } && Paths.IsInside(operation.Operation, condition),
        SocketOperationKind.ReceiveAll => operation.Operation is IInvocationOperation { TargetMethod.Name: "CopyTo" or "CopyToAsync" or "ReadToEnd" or "ReadToEndAsync" },
        _ => false,
    };

    private static IEnumerable<UnannouncedTlsEnd> OfFields(SocketBody body, CancellationToken cancellationToken)
    {
        HashSet<ISymbol> seen = new(SymbolEqualityComparer.Default);
        foreach (SocketOperation close in body.Operations)
        {
            if (close.Kind == SocketOperationKind.Close && !Paths.IsInCatch(close.Operation) && FieldOf(close, body) is { } field && seen.Add(field)
                && field.ContainingType is { } type && SymbolEqualityComparer.Default.Equals(type, body.Owner.ContainingType?.OriginalDefinition)
                && CreationFor(field, body.Model, cancellationToken) is { } creation && IsFirstToClose(field, body, cancellationToken))
            {
                yield return new(close, creation, isLocal: false);
            }
        }
    }

    /// <summary>A type that is a TLS stream, and ends by what its base does alone.</summary>
    private static IEnumerable<UnannouncedTlsEnd> OfOwnBase(SocketBody body, INamedTypeSymbol type)
    {
        KnownTypes types = body.Model.Types;
        return KnownTypes.IsOrDerives(type.BaseType, types.SslStream)
            && body.Operations.FirstOrDefault(operation => operation is { Kind: SocketOperationKind.Close, Connection: IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance } }
                && !Paths.IsInCatch(operation.Operation)) is { } close
            && !body.Model.Compilation.SyntaxTrees.Any(tree => NamesFarewell(tree.GetText(), TextSpan.FromBounds(0, tree.Length)))
            ? [new(close, null, isLocal: false)]
            : [];
    }

    private static ISymbol? SymbolOf(SocketOperation operation) => operation.Connection is IVariableDeclaratorOperation { Symbol: var resource } ? resource : SocketKindOf.SymbolOf(operation.Connection);

    /// <summary>The field that is closed, by its own name or by a local that takes it: <c>var stream = _stream</c>.</summary>
    private static ISymbol? FieldOf(SocketOperation close, SocketBody body)
    {
        ISymbol? symbol = SocketKindOf.SymbolOf(close.Connection);
        if (symbol is ILocalSymbol local && body.ValuesOf(local) is { Count: 1 } only)
        {
            symbol = SocketKindOf.SymbolOf(only[0].Unwrap());
        }

        return symbol is IFieldSymbol or IPropertySymbol ? symbol.OriginalDefinition : null;
    }

    private static bool IsFirstToClose(ISymbol field, SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketBody other in body.Model.BodiesThatName(field, cancellationToken))
        {
            if (other.Operations.Any(operation => operation.Kind == SocketOperationKind.Close && !Paths.IsInCatch(operation.Operation) && SymbolEqualityComparer.Default.Equals(FieldOf(operation, other), field)))
            {
                return other.Root.Syntax == body.Root.Syntax;
            }
        }

        return false;
    }

    /// <summary>Where the type makes the TLS stream that the field gets, if some member of it also shakes hands.</summary>
    private static IOperation? CreationFor(ISymbol field, SocketModel model, CancellationToken cancellationToken)
    {
        IOperation? creation = null;
        bool shakesHands = false;
        foreach (SocketBody body in model.BodiesThatName(field, cancellationToken))
        {
            shakesHands |= body.Operations.Any(IsHandshake);
            foreach (IOperation value in body.ValuesOf(field))
            {
                creation ??= CreationIn(value, body);
                if (value.Unwrap() is IInvocationOperation { TargetMethod: var method } && SymbolEqualityComparer.Default.Equals(method.ContainingType?.OriginalDefinition, field.ContainingType)
                    && model.BodyOf(method, cancellationToken) is { } maker && maker.Root.Descendants().FirstOrDefault(operation => IsTlsStream(operation, model.Types)) is { } made)
                {
                    creation ??= made;
                    shakesHands |= maker.Operations.Any(IsHandshake);
                }
            }
        }

        return shakesHands ? creation : null;
    }

    private static IOperation? CreationIn(IOperation value, SocketBody body) => value.Unwrap() switch
    {
        IObjectCreationOperation creation => IsTlsStream(creation, body.Model.Types) ? creation : null,
        IConditionalOperation { WhenFalse: { } otherwise } choice => CreationIn(choice.WhenTrue, body) ?? CreationIn(otherwise, body),
        ILocalReferenceOperation { Local: var local } when KnownTypes.IsOrDerives(local.Type, body.Model.Types.SslStream) =>
            body.ValuesOf(local).Select(given => given.Unwrap()).FirstOrDefault(given => IsTlsStream(given, body.Model.Types)),
        _ => null,
    };

    private static bool IsTlsStream(IOperation operation, KnownTypes types) => operation is IObjectCreationOperation && KnownTypes.IsOrDerives(operation.Type, types.SslStream);

    private static bool IsHandshake(SocketOperation operation) => operation is { Kind: SocketOperationKind.Handshake, Operation: IInvocationOperation { TargetMethod.ContainingType.Name: "SslStream" } };

    private static SocketOperation? HandshakeOn(ILocalSymbol local, SocketBody body) =>
        body.Operations.FirstOrDefault(operation => IsHandshake(operation) && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(operation.Connection), local));

    /// <summary>Given away as what it is, or kept: who has it then may say goodbye.</summary>
    private static bool MayBeEndedElsewhere(ILocalSymbol local, SocketBody body) => body.ReferencesTo(local).Any(reference =>
    {
        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value.Parent switch
        {
            IArgumentOperation { Parameter.Type: var type } => KnownTypes.IsOrDerives(type, body.Model.Types.SslStream),
            ISimpleAssignmentOperation assignment => assignment.Value == value,
            IReturnOperation or IVariableInitializerOperation or IObjectOrCollectionInitializerOperation or IArrayInitializerOperation or ITupleOperation => true,
            _ => false,
        };
    });

    private static bool NamesFarewell(INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
        {
            for (INamedTypeSymbol? declaring = outer; declaring is { DeclaringSyntaxReferences.IsEmpty: false }; declaring = declaring.BaseType)
            {
                foreach (SyntaxReference part in declaring.DeclaringSyntaxReferences)
                {
                    if (NamesFarewell(part.SyntaxTree.GetText(cancellationToken), part.Span))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    // By its text, for what stands under an #if of another target says goodbye as well.
    private static bool NamesFarewell(SourceText text, TextSpan span)
    {
        string written = text.ToString(span);
        return Farewells.Any(name => written.IndexOf(name, StringComparison.Ordinal) >= 0);
    }
}
