using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2012: a reader or writer closes the stream it was made over, and with it the connection, when it is disposed; what was still to be
/// said over the connection fails, and the peer gets a clean end instead.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2012ReaderClosesConnection() : SocketRule(Catalogue.ReaderClosesConnection, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            if (!MayHoldStream(body))
            {
                continue;
            }

            List<StreamWrapper> wrappers = [.. body.Root.Descendants().OfType<IObjectCreationOperation>().Select(StreamWrapper.Of).OfType<StreamWrapper>()
                .Where(wrapper => ClosesConnection(wrapper, body, context))];
            if (wrappers.Count > 0)
            {
                UsesAfterDispose uses = new(body, wrappers, context.CancellationToken);
                foreach (StreamWrapper wrapper in wrappers)
                {
                    if (uses.First(wrapper) is { } use)
                    {
                        Report(wrapper, use, body, context);
                    }
                }
            }
        }
    }

    private static bool MayHoldStream(SocketBody body)
    {
        KnownTypes types = body.Model.Types;
        foreach (ISymbol symbol in body.Symbols)
        {
            if (symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol or IPropertySymbol && TypeOf(symbol) is { } type && (types.IsConnection(type) || KnownTypes.Is(type, types.Stream)))
            {
                return true;
            }
        }

        return false;
    }

    private static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch
    {
        ILocalSymbol local => local.Type,
        IParameterSymbol parameter => parameter.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };

    /// <summary>Whether the stream is a connection's, and is not known to leave the socket open.</summary>
    private static bool ClosesConnection(StreamWrapper wrapper, SocketBody body, RuleContext context) =>
        ConnectionOf(wrapper.Stream, body) is { } connection
        && body.LocalAliases.EndsConnection(wrapper.Stream)
        && !SocketKindOf.IsNotTcp(connection, body, context.CancellationToken);

    /// <summary>What holds the connection of <paramref name="stream"/>: a local, a parameter or an own field.</summary>
    internal static ISymbol? ConnectionOf(IOperation stream, SocketBody body)
    {
        if (body.LocalAliases.HolderOf(stream) is { } holder)
        {
            return holder;
        }

        // Fields have no alias in the body alone: the object's own are told apart by their names.
        IOperation value = stream.Unwrap();
        return SocketKindOf.SymbolOf(body.LocalAliases.OwnerOf(value) ?? value) is { } member && member is IFieldSymbol or IPropertySymbol
            && body.Model.Types.IsConnection(TypeOf(member)) ? member : null;
    }

    private static void Report(StreamWrapper wrapper, IOperation use, SocketBody body, RuleContext context)
    {
        ISymbol connection = ConnectionOf(wrapper.Stream, body)!;
        context.Report(
            wrapper.Creation.Syntax.GetLocation(),
            ImmutableDictionary<string, string?>.Empty.Add(
                DiagnosticProperties.LeaveOpen,
                IsClosedElsewhere(connection, body) && !(wrapper.ReadsAhead && UsesAfterDispose.Reads(use)) ? "true" : "false"),
            use,
            severity: null,
            wrapper.Creation.Type!.Name,
            wrapper.Stream.Syntax.ToString());
    }

    /// <summary>A local must be closed by this body, not by another wrapper; what comes from elsewhere is closed there.</summary>
    private static bool IsClosedElsewhere(ISymbol connection, SocketBody body) =>
        connection is not ILocalSymbol
        || body.Connections.Any(use => SymbolEqualityComparer.Default.Equals(use.Holder, connection) && use.ClosesInOrder.Any(close => !StreamWrapper.Wraps(TypeOf(close))));

    private static ITypeSymbol? TypeOf(SocketOperation close) =>
        close.Connection is IVariableDeclaratorOperation { Symbol.Type: var declared } ? declared : close.Connection?.Unwrap().Type;
}
