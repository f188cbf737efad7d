using System;
using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace RstGuard.Sockets;

/// <summary>One member of the platform's API, and what it does to a connection.</summary>
internal readonly struct SocketMember(SocketOperationKind kind, ConnectionApi api)
{
    internal SocketOperationKind Kind { get; } = kind;

    internal ConnectionApi Api { get; } = api;
}

/// <summary>
/// The platform's API by name: for each type, its methods by what they do. All overloads of a name do the same; what their arguments
/// change is <see cref="SocketOperation"/>'s business. A test compares each name with the real .NET, and looks for methods that are
/// missing here.
/// </summary>
internal sealed class SocketMembers
{
    private const string StreamReceives = "Read ReadAsync BeginRead EndRead";
    private const string StreamReceivesAll = "ReadByte ReadExactly ReadExactlyAsync ReadAtLeast ReadAtLeastAsync CopyTo CopyToAsync";
    private const string StreamSends = "Write WriteAsync WriteByte BeginWrite EndWrite";
    private const string StreamFlushes = "Flush FlushAsync";
    private const string StreamCloses = "Close Dispose DisposeAsync";

    private static readonly Row[] Rows =
    [
        new(
            "System.Net.Sockets.Socket",
            ConnectionApi.Socket,
            (SocketOperationKind.Connect, "Connect ConnectAsync BeginConnect EndConnect"),
            (SocketOperationKind.Accept, "Accept AcceptAsync BeginAccept EndAccept"),
            (SocketOperationKind.Bind, "Bind"),
            (SocketOperationKind.Listen, "Listen"),
            (SocketOperationKind.Receive, "Receive ReceiveAsync BeginReceive EndReceive"),
            (SocketOperationKind.Send, "Send SendAsync BeginSend EndSend SendFile SendFileAsync BeginSendFile EndSendFile SendPacketsAsync"),
            (SocketOperationKind.Datagram, "ReceiveFrom ReceiveFromAsync BeginReceiveFrom EndReceiveFrom ReceiveMessageFrom ReceiveMessageFromAsync BeginReceiveMessageFrom EndReceiveMessageFrom SendTo SendToAsync BeginSendTo EndSendTo"),
            (SocketOperationKind.Poll, "Poll Select"),
            (SocketOperationKind.Shutdown, "Shutdown"),
            (SocketOperationKind.Disconnect, "Disconnect DisconnectAsync BeginDisconnect EndDisconnect"),
            (SocketOperationKind.Close, "Close Dispose"),
            (SocketOperationKind.Cancel, "CancelConnectAsync"),
            (SocketOperationKind.HandOver, "DuplicateAndClose"),
            (SocketOperationKind.Inquire, "SetSocketOption GetSocketOption SetRawSocketOption GetRawSocketOption IOControl SetIPProtectionLevel")),
        new(
            "System.Net.Sockets.SocketTaskExtensions",
            ConnectionApi.Socket,
            (SocketOperationKind.Connect, "ConnectAsync"),
            (SocketOperationKind.Accept, "AcceptAsync"),
            (SocketOperationKind.Receive, "ReceiveAsync"),
            (SocketOperationKind.Send, "SendAsync"),
            (SocketOperationKind.Datagram, "ReceiveFromAsync ReceiveMessageFromAsync SendToAsync")),
        new(
            "System.Net.Sockets.TcpClient",
            ConnectionApi.TcpClient,
            (SocketOperationKind.Connect, "Connect ConnectAsync BeginConnect EndConnect"),
            (SocketOperationKind.Close, "Close Dispose")),
        new(
            "System.Net.Sockets.TcpListener",
            ConnectionApi.TcpListener,
            (SocketOperationKind.Accept, "AcceptSocket AcceptSocketAsync BeginAcceptSocket EndAcceptSocket AcceptTcpClient AcceptTcpClientAsync BeginAcceptTcpClient EndAcceptTcpClient"),
            (SocketOperationKind.Listen, "Start"),
            (SocketOperationKind.StopListening, "Stop Dispose"),
            (SocketOperationKind.Inquire, "Pending AllowNatTraversal Create")),
        Stream("System.Net.Sockets.NetworkStream", ConnectionApi.NetworkStream),
        Stream("System.IO.Stream", ConnectionApi.Stream),
        Stream("System.IO.BufferedStream", ConnectionApi.BufferedStream),
        Stream(
            "System.Net.Security.SslStream",
            ConnectionApi.Tls,
            (SocketOperationKind.Handshake, "AuthenticateAsClient AuthenticateAsClientAsync BeginAuthenticateAsClient EndAuthenticateAsClient AuthenticateAsServer AuthenticateAsServerAsync BeginAuthenticateAsServer EndAuthenticateAsServer NegotiateClientCertificateAsync"),
            (SocketOperationKind.Farewell, "ShutdownAsync")),
        Stream(
            "System.Net.Security.NegotiateStream",
            ConnectionApi.Tls,
            (SocketOperationKind.Handshake, "AuthenticateAsClient AuthenticateAsClientAsync BeginAuthenticateAsClient EndAuthenticateAsClient AuthenticateAsServer AuthenticateAsServerAsync BeginAuthenticateAsServer EndAuthenticateAsServer")),
        TextReader("System.IO.TextReader"),
        TextReader("System.IO.StreamReader"),
        TextWriter("System.IO.TextWriter"),
        TextWriter("System.IO.StreamWriter"),
        new(
            "System.IO.BinaryReader",
            ConnectionApi.Reader,
            (SocketOperationKind.Receive, "Read"),
            (SocketOperationKind.ReceiveAll, "ReadBoolean ReadByte ReadSByte ReadBytes ReadChar ReadChars ReadDecimal ReadDouble ReadHalf ReadSingle ReadInt16 ReadInt32 ReadInt64 ReadUInt16 ReadUInt32 ReadUInt64 ReadString Read7BitEncodedInt Read7BitEncodedInt64 ReadExactly"),
            (SocketOperationKind.Close, "Close Dispose"),
            (SocketOperationKind.Inquire, "PeekChar")),
        new(
            "System.IO.BinaryWriter",
            ConnectionApi.Writer,
            (SocketOperationKind.Send, "Write Write7BitEncodedInt Write7BitEncodedInt64"),
            (SocketOperationKind.Flush, "Flush"),
            (SocketOperationKind.Close, "Close Dispose DisposeAsync"),
            (SocketOperationKind.Inquire, "Seek")),
        new(
            "System.IO.Pipelines.PipeReader",
            ConnectionApi.Pipe,
            (SocketOperationKind.Receive, "ReadAsync TryRead ReadAtLeastAsync"),
            (SocketOperationKind.ReceiveAll, "CopyToAsync"),
            (SocketOperationKind.Close, "Complete CompleteAsync"),
            (SocketOperationKind.Cancel, "CancelPendingRead"),
            (SocketOperationKind.Inquire, "AdvanceTo AsStream OnWriterCompleted Create")),
        new(
            "System.IO.Pipelines.PipeWriter",
            ConnectionApi.Pipe,
            (SocketOperationKind.Send, "WriteAsync FlushAsync"),
            (SocketOperationKind.Close, "Complete CompleteAsync"),
            (SocketOperationKind.Cancel, "CancelPendingFlush"),
            (SocketOperationKind.Inquire, "Advance GetMemory GetSpan AsStream OnReaderCompleted Create")),
        new(
            "System.Net.WebSockets.WebSocket",
            ConnectionApi.WebSocket,
            (SocketOperationKind.Receive, "ReceiveAsync"),
            (SocketOperationKind.Send, "SendAsync"),
            (SocketOperationKind.Farewell, "CloseAsync CloseOutputAsync"),
            (SocketOperationKind.Close, "Dispose"),
            (SocketOperationKind.Abort, "Abort")),
        new(
            "System.Net.WebSockets.ClientWebSocket",
            ConnectionApi.WebSocket,
            (SocketOperationKind.Connect, "ConnectAsync"),
            (SocketOperationKind.Receive, "ReceiveAsync"),
            (SocketOperationKind.Send, "SendAsync"),
            (SocketOperationKind.Farewell, "CloseAsync CloseOutputAsync"),
            (SocketOperationKind.Close, "Dispose"),
            (SocketOperationKind.Abort, "Abort")),
        new(
            "System.Net.HttpListener",
            ConnectionApi.HttpListener,
            (SocketOperationKind.Accept, "GetContext GetContextAsync BeginGetContext EndGetContext"),
            (SocketOperationKind.Listen, "Start"),
            (SocketOperationKind.StopListening, "Stop Close"),
            (SocketOperationKind.Abort, "Abort")),
        new(
            "System.Net.HttpListenerResponse",
            ConnectionApi.HttpListener,
            (SocketOperationKind.Close, "Close"),
            (SocketOperationKind.Abort, "Abort")),
        new("System.Net.HttpListenerContext", ConnectionApi.HttpListener, (SocketOperationKind.Wrap, "AcceptWebSocketAsync")),
        new(
            "Microsoft.AspNetCore.Connections.ConnectionContext",
            ConnectionApi.ConnectionContext,
            (SocketOperationKind.Close, "DisposeAsync"),
            (SocketOperationKind.Abort, "Abort")),
        new(
            "Microsoft.AspNetCore.Connections.BaseConnectionContext",
            ConnectionApi.ConnectionContext,
            (SocketOperationKind.Close, "DisposeAsync"),
            (SocketOperationKind.Abort, "Abort")),
        new("Microsoft.AspNetCore.Connections.Features.IConnectionLifetimeFeature", ConnectionApi.ConnectionContext, (SocketOperationKind.Abort, "Abort")),
        new("Microsoft.AspNetCore.Http.HttpContext", ConnectionApi.HttpContext, (SocketOperationKind.Abort, "Abort")),
        new("Microsoft.AspNetCore.Http.Features.IHttpRequestLifetimeFeature", ConnectionApi.HttpContext, (SocketOperationKind.Abort, "Abort")),
    ];

    private readonly Dictionary<ISymbol, Dictionary<string, SocketMember>> _types = new(SymbolEqualityComparer.Default);

    internal SocketMembers(Compilation compilation)
    {
        foreach (Row row in Rows)
        {
            if (compilation.GetTypeByMetadataName(row.Type) is { } type)
            {
                _types.Add(type, row.Members);
            }
        }
    }

    /// <summary>Each type and method that is known, for the tests.</summary>
    internal static IEnumerable<(string Type, string Name, SocketMember Member)> All
    {
        get
        {
            foreach (Row row in Rows)
            {
                foreach (KeyValuePair<string, SocketMember> member in row.Members)
                {
                    yield return (row.Type, member.Key, member.Value);
                }
            }
        }
    }

    /// <summary>What a method does to a connection; <see langword="null"/> when it is none of the API's.</summary>
    internal SocketMember? Find(IMethodSymbol method) =>
        method.ContainingType is { } type && _types.TryGetValue(type, out Dictionary<string, SocketMember>? members) && members.TryGetValue(method.Name, out SocketMember member)
            ? member
            : null;

    private static Row Stream(string type, ConnectionApi api, params (SocketOperationKind Kind, string Names)[] more) => new(
        type,
        api,
        [
            (SocketOperationKind.Receive, StreamReceives),
            (SocketOperationKind.ReceiveAll, StreamReceivesAll),
            (SocketOperationKind.Send, StreamSends),
            (SocketOperationKind.Flush, StreamFlushes),
            (SocketOperationKind.Close, StreamCloses),
            .. more,
        ]);

    private static Row TextReader(string type) => new(
        type,
        ConnectionApi.Reader,
        (SocketOperationKind.Receive, "Read ReadAsync ReadLine ReadLineAsync"),
        (SocketOperationKind.ReceiveAll, "ReadBlock ReadBlockAsync ReadToEnd ReadToEndAsync"),
        (SocketOperationKind.Close, "Close Dispose"),
        (SocketOperationKind.Inquire, "Peek"));

    private static Row TextWriter(string type) => new(
        type,
        ConnectionApi.Writer,
        (SocketOperationKind.Send, "Write WriteAsync WriteLine WriteLineAsync"),
        (SocketOperationKind.Flush, "Flush FlushAsync"),
        (SocketOperationKind.Close, "Close Dispose DisposeAsync"));

    private sealed class Row
    {
        internal Row(string type, ConnectionApi api, params (SocketOperationKind Kind, string Names)[] members)
        {
            Type = type;
            foreach ((SocketOperationKind kind, string names) in members)
            {
                foreach (string name in names.Split(' '))
                {
                    Members.Add(name, new SocketMember(kind, api));
                }
            }
        }

        internal string Type { get; }

        internal Dictionary<string, SocketMember> Members { get; } = new(StringComparer.Ordinal);
    }
}
