using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What a name always stands for.</summary>
internal static class OnlyValue
{
    /// <summary>
    /// What the local or read-only field <paramref name="reference"/> is declared with, when nothing else gives it a value;
    /// <see langword="null"/> for all else.
    /// </summary>
    internal static IOperation? Of(IOperation reference, SocketModel model, CancellationToken cancellationToken) => reference switch
    {
        ILocalReferenceOperation { Local: var local } => OfLocal(local, reference),
        IFieldReferenceOperation { Field: { IsReadOnly: true } field } => OfField(field, model, cancellationToken),
        _ => null,
    };

    private static IOperation? OfLocal(ILocalSymbol local, IOperation use)
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

    private static IOperation? OfField(IFieldSymbol field, SocketModel model, CancellationToken cancellationToken) =>
        field.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(cancellationToken) is VariableDeclaratorSyntax { Initializer: { } initializer }
            && !model.IsAssignedOutsideInitializer(field, cancellationToken)
            ? model.OperationOf(initializer.Value, cancellationToken)
            : null;
}
