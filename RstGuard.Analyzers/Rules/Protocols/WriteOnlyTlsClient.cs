using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A client of TLS that sends and never reads, as far as the compilation shows all that is done to its connection: one that leaves sight is
/// none.
/// </summary>
internal sealed class WriteOnlyTlsClient
{
    private const long Tls13 = 0x3000;

    private WriteOnlyTlsClient(SocketOperation close, SocketOperation handshake, bool isCertain)
    {
        Close = close;
        Handshake = handshake;
        IsCertain = isCertain;
    }

    /// <summary>The close that resets.</summary>
    internal SocketOperation Close { get; }

    internal SocketOperation Handshake { get; }

    /// <summary>What is closed, as the code names it.</summary>
    internal string Name => Close.Connection is IVariableDeclaratorOperation { Symbol.Name: var resource } ? resource : Close.Connection!.Syntax.ToString();

    /// <summary>TLS 1.3 is among the versions that the code allows; otherwise the code does not say which it allows.</summary>
    internal bool IsCertain { get; }

    /// <summary>Those that <paramref name="body"/> closes, each by its first close that is no handler's.</summary>
    internal static IEnumerable<WriteOnlyTlsClient> In(SocketBody body, CancellationToken cancellationToken)
    {
        if (!body.Operations.Any(operation => operation.Kind == SocketOperationKind.Close))
        {
            yield break;
        }

        foreach (ConnectionUse use in body.Connections)
        {
            if (OnlySends(use.Operations) is { } handshake && use.HandOvers.All(IsCopyInto)
                && FirstClose(use, use.HandOvers.Select(handOver => handOver.To).Concat(SendsOf(use))) is { } close
                && AllowsTls13(handshake, body) is { } certain)
            {
                yield return new(close, handshake, certain);
            }
        }

        if (body.ClosesField && body.Owner.ContainingType is { } type)
        {
            foreach (FieldConnection connection in body.Model.FactsOf(type, cancellationToken).Connections)
            {
                if (OfField(connection, body) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    private static WriteOnlyTlsClient? OfField(FieldConnection connection, SocketBody body)
    {
        if (connection.Bodies.FirstOrDefault(part => part.Body.Root.Syntax == body.Root.Syntax) is not { } own
            || OnlySends(connection.Bodies.SelectMany(part => part.Use.Operations)) is not { } handshake
            || !connection.Bodies.Any(part => SendsOf(part.Use).Any()))
        {
            return null;
        }

        // Reported once, by the first member that closes.
        foreach (FieldBody part in connection.Bodies)
        {
            if (FirstClose(part.Use, null) is { } close)
            {
                FieldBody shaking = connection.Bodies.First(other => other.Use.Operations.Contains(handshake));
                return part == own && AllowsTls13(handshake, shaking.Body) is { } certain ? new(close, handshake, certain) : null;
            }
        }

        return null;
    }

    /// <summary>The handshake of a connection on which nothing is ever received; <see langword="null"/> of any other.</summary>
    private static SocketOperation? OnlySends(IEnumerable<SocketOperation> operations)
    {
        SocketOperation? handshake = null;
        bool wraps = false;
        foreach (SocketOperation operation in operations)
        {
            switch (operation.Kind)
            {
                case SocketOperationKind.Handshake when operation.Operation is IInvocationOperation call && call.TargetMethod.Name.Contains("AsClient") && call.TargetMethod.ContainingType.Name == "SslStream":
                    handshake ??= operation;
                    break;
                case SocketOperationKind.Wrap when operation.Api is ConnectionApi.Tls:
                    wraps = true;
                    break;
                case SocketOperationKind.Wrap when operation.Api is ConnectionApi.Writer or ConnectionApi.BufferedStream or ConnectionApi.NetworkStream:
                case SocketOperationKind.Bind or SocketOperationKind.Connect or SocketOperationKind.Send or SocketOperationKind.Flush or SocketOperationKind.Farewell:
                case SocketOperationKind.Close or SocketOperationKind.Inquire:
                case SocketOperationKind.SetSendTimeout or SocketOperationKind.SetReceiveTimeout or SocketOperationKind.SetWriteTimeout or SocketOperationKind.SetReadTimeout:
                    break;
                default:
                    return null;
            }
        }

        return wraps ? handshake : null;
    }

    private static IEnumerable<IOperation> SendsOf(ConnectionUse use) =>
        use.Operations.Where(operation => operation.Kind == SocketOperationKind.Send).Select(operation => operation.Operation);

    // source.CopyToAsync(stream)
    private static bool IsCopyInto(HandOver handOver) => handOver is
    {
        Kind: HandOverKind.Argument,
        To: IInvocationOperation { TargetMethod: { Name: "CopyTo" or "CopyToAsync", ContainingNamespace: var home } },
    } && home.ToDisplayString() is "System.IO" or "System.IO.Pipelines" or "System.Net.Http";

    /// <summary>The first close, as it is written, that is no handler's and that may follow one of <paramref name="sends"/>.</summary>
    private static SocketOperation? FirstClose(ConnectionUse use, IEnumerable<IOperation>? sends) => use.ClosesInOrder.FirstOrDefault(close =>
        close.CloseForm is CloseForm.Plain or CloseForm.Timed or CloseForm.Unknown && !Paths.IsInCatch(close.Operation)
        && sends?.Any(send => Paths.MayRunBefore(send, close.Operation)) != false);

    /// <summary>
    /// Whether the versions that the code allows have TLS 1.3 among them: true where they do, or are left to the system; false where the code
    /// does not show it; <see langword="null"/> where they don't.
    /// </summary>
    private static bool? AllowsTls13(SocketOperation handshake, SocketBody body)
    {
        if (handshake.Operation is not IInvocationOperation call)
        {
            return false;
        }

        bool isKnown = true;
        foreach (IArgumentOperation argument in call.Arguments)
        {
            switch (argument.Parameter?.Type.Name)
            {
                case "SslProtocols":
                    if (!argument.Value.IsConstant(out long versions))
                    {
                        isKnown = false;
                    }
                    else if (!Allows(versions))
                    {
                        return null;
                    }

                    break;
                case "SslClientAuthenticationOptions":
                    isKnown &= MakesOptions(argument.Value, body);
                    break;
            }
        }

        foreach (IOperation operation in body.Root.Descendants())
        {
            if (operation is ISimpleAssignmentOperation { Target: IPropertyReferenceOperation { Property: { Name: "EnabledSslProtocols", ContainingType.Name: "SslClientAuthenticationOptions" } } } set)
            {
                if (!set.Value.IsConstant(out long versions))
                {
                    isKnown = false;
                }
                else if (!Allows(versions))
                {
                    return null;
                }
            }
        }

        return isKnown;
    }

    // None leaves the choice to the system.
    private static bool Allows(long versions) => versions == 0 || (versions & Tls13) == Tls13;

    private static bool MakesOptions(IOperation value, SocketBody body) => value.Unwrap() switch
    {
        IObjectCreationOperation => true,
        ILocalReferenceOperation { Local: var local } => body.ValuesOf(local) is { Count: 1 } only && only[0].Unwrap() is IObjectCreationOperation,
        _ => false,
    };
}
