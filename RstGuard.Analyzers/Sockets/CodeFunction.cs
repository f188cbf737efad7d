using System;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What runs as one: the body of a member, a lambda, or a local function.</summary>
/// <param name="body">The body that it is, or is a part of.</param>
/// <param name="root">The root of the body, the lambda, or the local function.</param>
internal readonly struct CodeFunction(SocketBody body, IOperation root) : IEquatable<CodeFunction>
{
    internal SocketBody Body { get; } = body;

    internal IOperation Root { get; } = root;

    /// <summary>The member, lambda or local function; <see langword="null"/> for an initializer.</summary>
    internal IMethodSymbol? Symbol => Root switch
    {
        IAnonymousFunctionOperation lambda => lambda.Symbol,
        ILocalFunctionOperation function => function.Symbol,
        _ => Body.Owner as IMethodSymbol,
    };

    /// <summary>The function that runs <paramref name="operation"/>, an operation of <paramref name="body"/>.</summary>
    internal static CodeFunction Of(SocketBody body, IOperation operation) => new(body, Paths.FunctionOf(operation));

    /// <summary>Whether <paramref name="operation"/> is run by this function itself.</summary>
    internal bool Runs(SocketBody body, IOperation operation) => Body == body && Paths.FunctionOf(operation).Syntax == Root.Syntax;

    public bool Equals(CodeFunction other) => Root.Syntax == other.Root.Syntax;

    public override bool Equals(object? obj) => obj is CodeFunction other && Equals(other);

    public override int GetHashCode() => Root.Syntax.GetHashCode();
}

/// <summary>How one function comes to run another.</summary>
internal enum CallMode
{
    /// <summary>It runs it, and goes on when that is done; or hands its task to its own caller.</summary>
    Inline,

    /// <summary>It starts it and goes on.</summary>
    Started,

    /// <summary>It gives it to somebody who runs it when something happens.</summary>
    Callback,
}

/// <summary>One place where a function is called, started, or given away.</summary>
internal readonly struct CallSite(CodeFunction caller, IOperation operation, CallMode mode, ISymbol? kept)
{
    internal CodeFunction Caller { get; } = caller;

    internal IOperation Operation { get; } = operation;

    internal CallMode Mode { get; } = mode;

    /// <summary>The local, field or property that holds the started task or thread, if there is one.</summary>
    internal ISymbol? Kept { get; } = kept;
}
