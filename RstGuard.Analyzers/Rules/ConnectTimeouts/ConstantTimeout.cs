using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>A timeout that the code fixes, and the expression that a fix replaces.</summary>
internal readonly struct ConstantTimeout
{
    private ConstantTimeout(IOperation value, double milliseconds, string unit)
    {
        Value = value;
        Milliseconds = milliseconds;
        Unit = unit;
    }

    /// <summary>In the body that sets the timeout: the initializer of a local, else what is written there.</summary>
    internal IOperation Value { get; }

    internal double Milliseconds { get; }

    internal string Unit { get; }

    /// <summary>
    /// The constant behind <paramref name="value"/>, through locals and read-only fields that have one value; <see langword="null"/>
    /// for what a configuration or a caller decides.
    /// </summary>
    internal static ConstantTimeout? Of(IOperation value, SocketModel model, CancellationToken cancellationToken)
    {
        const int Hops = 4;
        IOperation marked = value;
        value = value.Unwrap();
        for (int i = 0; i < Hops && value is ILocalReferenceOperation { Local: var local } && OnlyValueOf(local, value) is { } only; i++)
        {
            marked = value = only.Unwrap();
        }

        for (int i = 0; i < Hops; i++)
        {
            if (Duration.TryGetMilliseconds(value, model.Types, out double milliseconds, out string unit))
            {
                return new ConstantTimeout(marked, milliseconds, UnitOf(marked, unit));
            }

            IOperation? next = value switch
            {
                IFieldReferenceOperation { Field: { IsReadOnly: true } field } => InitialValueOf(field, model, cancellationToken),
                IPropertyReferenceOperation { Property: { Name: "TotalMilliseconds" } total, Instance: { } span } when KnownTypes.Is(total.ContainingType, model.Types.TimeSpan) => span,
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            value = next.Unwrap();
        }

        return null;
    }

    private static string UnitOf(IOperation marked, string unit) =>
        marked.Type is { SpecialType: SpecialType.None } ? unit : DiagnosticProperties.UnitMilliseconds;

    private static IOperation? OnlyValueOf(ILocalSymbol local, IOperation use)
    {
        IOperation? initializer = null;
        IOperation root = use;
        while (root.Parent is { } parent)
        {
            root = parent;
        }

        foreach (IOperation operation in root.Descendants())
        {
            switch (operation)
            {
                case IVariableDeclaratorOperation declarator when SymbolEqualityComparer.Default.Equals(declarator.Symbol, local):
                    initializer = declarator.GetVariableInitializer()?.Value;
                    break;
                case ILocalReferenceOperation reference when SymbolEqualityComparer.Default.Equals(reference.Local, local) && IsWritten(reference):
                    return null;
            }
        }

        return initializer;
    }

    private static bool IsWritten(ILocalReferenceOperation reference) => reference.Parent switch
    {
        IAssignmentOperation assignment => assignment.Target == reference,
        IIncrementOrDecrementOperation => true,
        IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } => true,
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol.RefKind: not RefKind.None } } => true,
        _ => false,
    };

    private static IOperation? InitialValueOf(IFieldSymbol field, SocketModel model, CancellationToken cancellationToken) =>
        field.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancellationToken) is VariableDeclaratorSyntax { Initializer: { } initializer }
            && !model.IsAssignedOutsideInitializer(field, cancellationToken)
            ? model.OperationOf(initializer.Value, cancellationToken)
            : null;
}
