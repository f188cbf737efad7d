using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Where the compilation sets a linger option that is declared as the default of a property or field. It is looked for only once such a
/// default was found, which is rare.
/// </summary>
internal sealed class LingerApplications
{
    private LingerApplications(IOperation? first, bool areListeners)
    {
        First = first;
        AreListeners = areListeners;
    }

    /// <summary>The first place, in the order of files and lines; <see langword="null"/> when there is none.</summary>
    internal IOperation? First { get; }

    /// <summary>There is such a place, and each sets it on a listening socket.</summary>
    internal bool AreListeners { get; }

    internal static LingerApplications Of(IOperation initializer, SocketModel model, CancellationToken cancellationToken)
    {
        ISymbol option = initializer is IPropertyInitializerOperation property ? property.InitializedProperties[0] : ((IFieldInitializerOperation)initializer).InitializedFields[0];
        List<(SocketOperation Operation, SocketBody Body)> places = [];
        foreach (SocketBody body in model.Calls.BodiesNaming(option, cancellationToken))
        {
            places.AddRange(body.Operations
                .Where(operation => operation.Kind == SocketOperationKind.SetLinger && IsOf(operation.Value, option))
                .Select(operation => (operation, body)));
        }

        return new(
            places.Select(place => place.Operation.Operation)
                .OrderBy(place => place.Syntax.SyntaxTree.FilePath, StringComparer.Ordinal).ThenBy(place => place.Syntax.SpanStart).FirstOrDefault(),
            places.Count > 0 && places.All(place => SocketKindOf.IsListener(place.Operation.Connection, place.Body, cancellationToken)));
    }

    private static bool IsOf(IOperation? value, ISymbol option) => value?.Unwrap() switch
    {
        IMemberReferenceOperation member => SymbolEqualityComparer.Default.Equals(member.Member.OriginalDefinition, option.OriginalDefinition),
        ICoalesceOperation coalesce => IsOf(coalesce.Value, option) || IsOf(coalesce.WhenNull, option),
        IConditionalOperation { WhenFalse: { } otherwise } conditional => IsOf(conditional.WhenTrue, option) || IsOf(otherwise, option),
        _ => false,
    };
}
