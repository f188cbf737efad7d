using System;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Linger switched on with a constant time.</summary>
/// <param name="made">Where the value is made.</param>
/// <param name="seconds">The time; 0 makes closing abortive.</param>
internal sealed class LingerTime(IOperation made, long seconds)
{
    internal IOperation Made { get; } = made;

    internal long Seconds { get; } = seconds;
}

/// <summary>
/// Whether an expression switches linger on, and for how long. Follows locals, fields and properties of the compilation that have
/// one value; a value that a caller gives is not known.
/// </summary>
internal readonly struct LingerValue(SocketModel model, CancellationToken cancellationToken)
{
    private const int DeepestReference = 8;

    /// <summary>The time that <paramref name="value"/> is known to have; <see langword="null"/> when linger may be off, or the time is not known.</summary>
    internal LingerTime? Find(IOperation? value) => Find(value, 0);

    /// <summary>
    /// Whether each use of <paramref name="member"/> shows its initializer's value, so that the uses are where to report it.
    /// </summary>
    internal bool HasOneValue(ISymbol member) => member switch
    {
        IFieldSymbol { IsReadOnly: true } => true,
        IFieldSymbol or IPropertySymbol => member.DeclaredAccessibility == Accessibility.Private && !IsAssigned(member),
        _ => false,
    };

    private static bool IsByte(ITypeSymbol? type) => type?.SpecialType == SpecialType.System_Byte;

    private LingerTime? Find(IOperation? value, int depth)
    {
        if (value is null || depth > DeepestReference)
        {
            return null;
        }

        switch (value.Unwrap())
        {
            case IObjectCreationOperation creation when KnownTypes.Is(creation.Type, model.Types.LingerOption):
                return Seconds(creation) is { } time ? new(creation, time) : null;
            case IArrayCreationOperation { Initializer: { } bytes } array when IsByte((array.Type as IArrayTypeSymbol)?.ElementType):
                return Seconds(bytes.ElementValues) is { } ofBytes ? new(array, ofBytes) : null;
            case ILocalReferenceOperation { Local: var local } reference:
                return OfLocal(local, reference, depth);
            case IFieldReferenceOperation { Field: var field } when HasOneValue(field):
                return OfInitializer(field, depth);
            case IPropertyReferenceOperation { Property: { IsVirtual: false, IsAbstract: false, IsOverride: false, SetMethod: null } property }:
                return OfInitializer(property, depth);
            case IPropertyReferenceOperation { Property: var property } when HasOneValue(property):
                return OfInitializer(property, depth);
            case ICoalesceOperation coalesce:
                return Find(coalesce.WhenNull, depth + 1);
            case IConditionalOperation { WhenFalse: { } otherwise } conditional:
                // Zero or not, both: they do different things.
                return Find(otherwise, depth + 1) is { } second && Find(conditional.WhenTrue, depth + 1) is { } first && (first.Seconds == 0) == (second.Seconds == 0)
                    ? first.Seconds >= second.Seconds ? first : second
                    : null;
            default:
                return Elements(value.Unwrap()) is { IsDefaultOrEmpty: false } elements && Seconds(elements) is { } seconds ? new(value.Unwrap(), seconds) : null;
        }
    }

    // stackalloc and collection expressions have no operation of their own in Roslyn 4.5; their elements hang below them.
    private static ImmutableArray<IOperation> Elements(IOperation operation) => operation.Syntax switch
    {
        StackAllocArrayCreationExpressionSyntax { Initializer: { } initializer } => Below(operation, initializer.Expressions.Count),
        ImplicitStackAllocArrayCreationExpressionSyntax { Initializer: { } initializer } => Below(operation, initializer.Expressions.Count),
        ExpressionSyntax expression when CollectionExpression != SyntaxKind.None && expression.IsKind(CollectionExpression) => operation.ChildOperations.ToImmutableArray(),
        _ => default,
    };

    // Roslyn 4.5 has no collection expressions; the host that runs the rule says what number its syntax gives them.
    private static readonly SyntaxKind CollectionExpression = Enum.TryParse("CollectionExpression", out SyntaxKind kind) ? kind : SyntaxKind.None;

    private static ImmutableArray<IOperation> Below(IOperation operation, int count)
    {
        ImmutableArray<IOperation> children = operation.ChildOperations.SelectMany<IOperation, IOperation>(child => child is IArrayInitializerOperation list ? list.ElementValues : ImmutableArray.Create(child)).ToImmutableArray();
        return children.Length < count ? default : ImmutableArray.Create(children, children.Length - count, count);
    }

    private static long? Seconds(IObjectCreationOperation creation)
    {
        bool? enabled = null;
        long? seconds = null;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            switch (argument.Parameter?.Name)
            {
                case "enable":
                    enabled = argument.Value.ConstantValue is { HasValue: true, Value: bool constant } ? constant : null;
                    break;
                case "seconds":
                    seconds = argument.Value.IsConstant(out long number) ? number : null;
                    break;
            }
        }

        foreach (ISimpleAssignmentOperation member in creation.Initializer?.Initializers.OfType<ISimpleAssignmentOperation>() ?? [])
        {
            Apply(member, ref enabled, ref seconds);
        }

        return enabled == true ? seconds : null;
    }

    private static void Apply(ISimpleAssignmentOperation assignment, ref bool? enabled, ref long? seconds)
    {
        switch ((assignment.Target as IPropertyReferenceOperation)?.Property.Name)
        {
            case "Enabled":
                enabled = assignment.Value.ConstantValue is { HasValue: true, Value: bool constant } ? constant : null;
                break;
            case "LingerTime":
                seconds = assignment.Value.IsConstant(out long number) ? number : null;
                break;
        }
    }

    // struct linger: two ints on Unix, two unsigned shorts on Windows; on, then seconds, the lowest byte first.
    private static long? Seconds(ImmutableArray<IOperation> bytes)
    {
        if (bytes.Length is not (8 or 4))
        {
            return null;
        }

        bool on = false;
        long seconds = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            if (!bytes[i].IsConstant(out long value))
            {
                return null;
            }

            if (i < bytes.Length / 2)
            {
                on |= value != 0;
            }
            else
            {
                seconds = (seconds << 8) | value;
            }
        }

        return on ? seconds : null;
    }

    private LingerTime? OfLocal(ILocalSymbol local, IOperation use, int depth)
    {
        SocketBody body = model.BodyOf(use, local.ContainingSymbol, cancellationToken);
        if (body.ValuesOf(local) is not { Count: 1 } values)
        {
            return null;
        }

        IOperation assigned = values[0];
        if (assigned.Unwrap() is not IObjectCreationOperation creation || !KnownTypes.Is(creation.Type, model.Types.LingerOption))
        {
            return IsWrittenThrough(local, body) ? null : Find(assigned, depth + 1);
        }

        return SecondsAfterWrites(creation, local, body, use) is { } seconds ? new(creation, seconds) : null;
    }

    // bytes[4] = 10 after the declaration makes the constant elements worth nothing.
    private static bool IsWrittenThrough(ILocalSymbol local, SocketBody body) => body.ReferencesTo(local).Any(reference =>
        reference.Wrapped().Parent is IArrayElementReferenceOperation { Parent: IAssignmentOperation assignment } element && assignment.Target == element);

    private static long? SecondsAfterWrites(IObjectCreationOperation creation, ILocalSymbol local, SocketBody body, IOperation use)
    {
        bool? enabled = null;
        long? seconds = null;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            if (argument.Parameter?.Name == "enable" && argument.Value.ConstantValue is { HasValue: true, Value: bool constant })
            {
                enabled = constant;
            }
            else if (argument.Parameter?.Name == "seconds" && argument.Value.IsConstant(out long number))
            {
                seconds = number;
            }
        }

        foreach (ISimpleAssignmentOperation member in creation.Initializer?.Initializers.OfType<ISimpleAssignmentOperation>() ?? [])
        {
            Apply(member, ref enabled, ref seconds);
        }

        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (reference.Wrapped().Parent is IPropertyReferenceOperation { Parent: ISimpleAssignmentOperation write } property && write.Target == property && write.Syntax.SpanStart < use.Syntax.SpanStart)
            {
                // A write under a condition, or in another function, may have happened or not.
                if (write.Parent?.Parent is not IBlockOperation block || !block.Syntax.Span.Contains(use.Syntax.Span))
                {
                    return null;
                }

                Apply(write, ref enabled, ref seconds);
            }
        }

        return enabled == true ? seconds : null;
    }

    private LingerTime? OfInitializer(ISymbol member, int depth)
    {
        if (!SymbolEqualityComparer.Default.Equals(member.ContainingAssembly, model.Compilation.Assembly) || member.DeclaringSyntaxReferences.Length != 1)
        {
            return null;
        }

        SyntaxNode declaration = member.DeclaringSyntaxReferences[0].GetSyntax(cancellationToken);
        ExpressionSyntax? value = declaration switch
        {
            VariableDeclaratorSyntax field => field.Initializer?.Value,
            PropertyDeclarationSyntax { ExpressionBody: { } arrow } => arrow.Expression,
            PropertyDeclarationSyntax { Initializer: { } initializer } when HasOneValue(member) => initializer.Value,
            _ => null,
        };

        return value is null ? null : Find(model.OperationOf(value, cancellationToken), depth + 1);
    }

    private bool IsAssigned(ISymbol member) => model.IsAssignedOutsideInitializer(member, cancellationToken);
}
