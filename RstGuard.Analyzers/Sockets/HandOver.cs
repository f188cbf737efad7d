using Microsoft.CodeAnalysis;

namespace RstGuard.Sockets;

/// <summary>How a connection leaves the sight of the function that holds it.</summary>
internal enum HandOverKind
{
    /// <summary>It is an argument, or an element of something that is made here.</summary>
    Argument,

    /// <summary>A lambda or local function uses it.</summary>
    Captured,

    /// <summary>It is put into a field, a property, an element.</summary>
    Stored,

    /// <summary>It is returned.</summary>
    Returned,

    /// <summary>The local gets another connection: which one is meant later is not told apart.</summary>
    Replaced,

    /// <summary>A member that is not known is called on it, or anything else.</summary>
    Other,
}

/// <summary>One place where a connection leaves sight.</summary>
internal readonly struct HandOver(HandOverKind kind, ISymbol name, IOperation reference, IOperation to)
{
    internal HandOverKind Kind { get; } = kind;

    /// <summary>The name of the connection that is used there.</summary>
    internal ISymbol Name { get; } = name;

    /// <summary>The reference to it.</summary>
    internal IOperation Reference { get; } = reference;

    /// <summary>What gets it: the invocation or creation, the lambda or local function, the assignment, the return.</summary>
    internal IOperation To { get; } = to;
}
