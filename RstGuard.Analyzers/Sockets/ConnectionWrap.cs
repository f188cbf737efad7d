using System.Collections.Generic;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>A stream, a reader or a writer that is put over a connection or over another stream.</summary>
internal sealed class ConnectionWrap
{
    private static readonly (string Type, ConnectionApi Api, string Inner, string Option, bool Owns)[] Rows =
    [
        ("System.Net.Sockets.NetworkStream", ConnectionApi.NetworkStream, "socket", "ownsSocket", false),
        ("System.Net.Security.SslStream", ConnectionApi.Tls, "innerStream", "leaveInnerStreamOpen", true),
        ("System.Net.Security.NegotiateStream", ConnectionApi.Tls, "innerStream", "leaveInnerStreamOpen", true),
        ("System.IO.BufferedStream", ConnectionApi.BufferedStream, "stream", "", true),
        ("System.IO.StreamReader", ConnectionApi.Reader, "stream", "leaveOpen", true),
        ("System.IO.StreamWriter", ConnectionApi.Writer, "stream", "leaveOpen", true),
        ("System.IO.BinaryReader", ConnectionApi.Reader, "input", "leaveOpen", true),
        ("System.IO.BinaryWriter", ConnectionApi.Writer, "output", "leaveOpen", true),

        // PipeReader.Create and PipeWriter.Create.
        ("System.IO.Pipelines.PipeReader", ConnectionApi.Pipe, "stream", "readerOptions", true),
        ("System.IO.Pipelines.PipeWriter", ConnectionApi.Pipe, "stream", "writerOptions", true),
    ];

    private ConnectionWrap(IOperation creation, IOperation inner, ConnectionApi api, bool? owns)
    {
        Creation = creation;
        Inner = inner;
        Api = api;
        Owns = owns;
    }

    /// <summary>The <c>new</c> expression, or the call of <c>Create</c>.</summary>
    internal IOperation Creation { get; }

    /// <summary>What it is put over, as it is written.</summary>
    internal IOperation Inner { get; }

    internal ConnectionApi Api { get; }

    /// <summary>Whether disposing the wrapper disposes what is under it; <see langword="null"/> when that is not told here.</summary>
    internal bool? Owns { get; }

    /// <summary>Each type that wraps, with its parameters, for the tests; an empty option: there is none.</summary>
    internal static IEnumerable<(string Type, string Inner, string Option)> All
    {
        get
        {
            foreach ((string type, _, string inner, string option, _) in Rows)
            {
                yield return (type, inner, option);
            }
        }
    }

    /// <summary>The wrapper that <paramref name="value"/> makes, if it makes one.</summary>
    internal static ConnectionWrap? Of(IOperation value, KnownTypes types)
    {
        switch (value)
        {
            case IObjectCreationOperation { Constructor.ContainingType: { } made } creation:
                return types.WrapOf(made) is var row and >= 0 && Rows[row].Api != ConnectionApi.Pipe ? Of(creation, creation.Arguments, row) : null;
            case IInvocationOperation { TargetMethod: { Name: "Create", IsStatic: true, ContainingType: var factory } } call:
                return types.WrapOf(factory) is var made2 and >= 0 && Rows[made2].Api == ConnectionApi.Pipe ? Of(call, call.Arguments, made2) : null;
            default:
                return null;
        }
    }

    /// <summary>The types of this compilation, each with its number.</summary>
    internal static Dictionary<ISymbol, int> Resolve(Compilation compilation)
    {
        Dictionary<ISymbol, int> found = new(SymbolEqualityComparer.Default);
        for (int i = 0; i < Rows.Length; i++)
        {
            if (compilation.GetTypeByMetadataName(Rows[i].Type) is { } type)
            {
                found.Add(type, i);
            }
        }

        return found;
    }

    private static ConnectionWrap? Of(IOperation creation, IEnumerable<IArgumentOperation> arguments, int number)
    {
        (_, ConnectionApi api, string innerName, string option, bool ownsByDefault) = Rows[number];
        IOperation? inner = null;
        bool? owns = ownsByDefault;
        foreach (IArgumentOperation argument in arguments)
        {
            if (argument.Parameter?.Name == innerName)
            {
                inner = argument.Value;
            }
            else if (argument.Parameter?.Name == option)
            {
                owns = argument.Value.ConstantValue switch
                {
                    { HasValue: true, Value: bool set } => set == (option == "ownsSocket"),
                    { HasValue: true, Value: null } => ownsByDefault,
                    _ => argument.IsImplicit ? ownsByDefault : null,
                };
            }
        }

        return inner is null ? null : new ConnectionWrap(creation, inner.Unwrap(), api, owns);
    }
}
