using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A reader or writer of the BCL that is made over a stream and closes it: a type whose constructors know a parameter
/// <c>leaveOpen</c>, which is how <c>StreamReader</c>, <c>BinaryWriter</c>, <c>GZipStream</c> and their like are told.
/// </summary>
internal sealed class StreamWrapper
{
    private StreamWrapper(IObjectCreationOperation creation, IOperation stream, ILocalSymbol variable)
    {
        Creation = creation;
        Stream = stream;
        Variable = variable;
    }

    internal IObjectCreationOperation Creation { get; }

    /// <summary>The stream that it closes, as it is written.</summary>
    internal IOperation Stream { get; }

    /// <summary>The local that holds it.</summary>
    internal ILocalSymbol Variable { get; }

    /// <summary>It may take more from the stream than it gives: what is read after it may miss bytes.</summary>
    internal bool ReadsAhead => Creation.Type?.Name is not ("BinaryReader" or "StreamWriter" or "BinaryWriter");

    /// <summary>The wrapper that <paramref name="creation"/> makes for a local alone; <see langword="null"/> when it makes none, or leaves its stream open.</summary>
    internal static StreamWrapper? Of(IObjectCreationOperation creation) =>
        StreamOf(creation) is { } stream && creation.Wrapped().Parent is IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }
            ? new(creation, stream, local)
            : null;

    /// <summary>The stream that <paramref name="creation"/> wraps and will close.</summary>
    internal static IOperation? StreamOf(IObjectCreationOperation creation)
    {
        if (!Wraps(creation.Type))
        {
            return null;
        }

        IOperation? stream = null;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            if (argument.Parameter?.Ordinal == 0)
            {
                stream = argument.Value.Unwrap();
            }
            else if (argument.Parameter?.Name == "leaveOpen" && argument.Value.ConstantValue is not { HasValue: true, Value: false })
            {
                return null;
            }
        }

        return stream;
    }

    /// <summary>Whether <paramref name="type"/> is of the BCL, and made over a stream that it closes unless told otherwise.</summary>
    internal static bool Wraps(ITypeSymbol? type) =>
        type is INamedTypeSymbol { DeclaringSyntaxReferences.IsEmpty: true, ContainingNamespace: { } space } named
        && IsOfSystem(space)
        && named.InstanceConstructors.Any(constructor => constructor.Parameters.Length > 1
            && constructor.Parameters[0].Type is { Name: "Stream", ContainingNamespace.Name: "IO" }
            && constructor.Parameters.Any(parameter => parameter is { Name: "leaveOpen", Type.SpecialType: SpecialType.System_Boolean }));

    private static bool IsOfSystem(INamespaceSymbol space)
    {
        INamespaceSymbol outermost = space;
        while (outermost.ContainingNamespace is { IsGlobalNamespace: false } outer)
        {
            outermost = outer;
        }

        return string.Equals(outermost.Name, "System", StringComparison.Ordinal);
    }
}
