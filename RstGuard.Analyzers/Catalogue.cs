using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace RstGuard;

/// <summary>All rules: their descriptors, and what each does to a connection.</summary>
public static class Catalogue
{
    /// <summary>RST1001 Linger zero discards unsent data.</summary>
    internal static readonly DiagnosticDescriptor LingerZero = Define("RST1001", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1002 Linger zero on a listening socket is inherited.</summary>
    internal static readonly DiagnosticDescriptor LingerZeroOnListener = Define("RST1002", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1003 Close(0) resets the connection.</summary>
    internal static readonly DiagnosticDescriptor CloseZero = Define("RST1003", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1004 Disconnect(reuseSocket: true) discards unsent data.</summary>
    internal static readonly DiagnosticDescriptor DisconnectForReuse = Define("RST1004", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1005 Disposing the handle resets the connection.</summary>
    internal static readonly DiagnosticDescriptor DisposingTheHandle = Define("RST1005", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1006 Close(timeout) resets when the peer is slow.</summary>
    internal static readonly DiagnosticDescriptor TimedClose = Define("RST1006", Categories.AbortiveClose, DiagnosticSeverity.Info);

    /// <summary>RST1007 Abort on a normal path.</summary>
    internal static readonly DiagnosticDescriptor AbortOnNormalPath = Define("RST1007", Categories.AbortiveClose, DiagnosticSeverity.Info);

    /// <summary>RST1008 Writing to LingerState's copy has no effect.</summary>
    internal static readonly DiagnosticDescriptor WriteToLingerCopy = Define("RST1008", Categories.AbortiveClose, DiagnosticSeverity.Warning);

    /// <summary>RST1009 A linger time blocks the closing thread.</summary>
    internal static readonly DiagnosticDescriptor LingerTime = Define("RST1009", Categories.AbortiveClose, DiagnosticSeverity.Info);

    /// <summary>RST2001 Closed with unread data.</summary>
    internal static readonly DiagnosticDescriptor ClosedWithUnreadData = Define("RST2001", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2002 Closed while an operation is pending.</summary>
    internal static readonly DiagnosticDescriptor ClosedWhilePending = Define("RST2002", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2003 A send is not awaited before close.</summary>
    internal static readonly DiagnosticDescriptor SendNotAwaited = Define("RST2003", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2004 A scope ends while a handler still runs.</summary>
    internal static readonly DiagnosticDescriptor HandlerOutlivesScope = Define("RST2004", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2005 Cancelling by disposing.</summary>
    internal static readonly DiagnosticDescriptor CancellingByDisposing = Define("RST2005", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2006 A timed-out operation is left pending.</summary>
    internal static readonly DiagnosticDescriptor TimedOutOperationLeftPending = Define("RST2006", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2007 Copying both ways ends at the first end.</summary>
    internal static readonly DiagnosticDescriptor CopyEndsAtFirstEnd = Define("RST2007", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2008 Shutdown(Both) while a reply is expected.</summary>
    internal static readonly DiagnosticDescriptor ShutdownBothBeforeReply = Define("RST2008", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2009 A request is sent and its reply never read.</summary>
    internal static readonly DiagnosticDescriptor ReplyNeverRead = Define("RST2009", Categories.DataInFlight, DiagnosticSeverity.Info);

    /// <summary>RST2010 Sending after the peer has closed.</summary>
    internal static readonly DiagnosticDescriptor SendingAfterPeerClosed = Define("RST2010", Categories.DataInFlight, DiagnosticSeverity.Warning);

    /// <summary>RST2011 Shutdown(Receive) resets on Windows.</summary>
    internal static readonly DiagnosticDescriptor ShutdownReceive = Define("RST2011", Categories.DataInFlight, DiagnosticSeverity.Info);

    /// <summary>RST2012 A reader closes the connection early.</summary>
    internal static readonly DiagnosticDescriptor ReaderClosesConnection = Define("RST2012", Categories.DataInFlight, DiagnosticSeverity.Info);

    /// <summary>RST3001 A connection is never closed.</summary>
    internal static readonly DiagnosticDescriptor ConnectionNeverClosed = Define("RST3001", Categories.Ownership, DiagnosticSeverity.Warning);

    /// <summary>RST3002 A NetworkStream does not own its socket.</summary>
    internal static readonly DiagnosticDescriptor NonOwningStream = Define("RST3002", Categories.Ownership, DiagnosticSeverity.Warning);

    /// <summary>RST3003 A streamed response is not disposed.</summary>
    internal static readonly DiagnosticDescriptor UndisposedResponse = Define("RST3003", Categories.Ownership, DiagnosticSeverity.Warning);

    /// <summary>RST3004 A throwing Shutdown skips the close.</summary>
    internal static readonly DiagnosticDescriptor ThrowingShutdownSkipsClose = Define("RST3004", Categories.Ownership, DiagnosticSeverity.Warning);

    /// <summary>RST4001 Timeout too short to connect.</summary>
    internal static readonly DiagnosticDescriptor TimeoutTooShortToConnect = Define("RST4001", Categories.ConnectTimeouts, DiagnosticSeverity.Warning);

    /// <summary>RST4002 A timed-out connect is never closed.</summary>
    internal static readonly DiagnosticDescriptor TimedOutConnectNotClosed = Define("RST4002", Categories.ConnectTimeouts, DiagnosticSeverity.Warning);

    /// <summary>RST4003 The timeout has no effect.</summary>
    internal static readonly DiagnosticDescriptor TimeoutWithoutEffect = Define("RST4003", Categories.ConnectTimeouts, DiagnosticSeverity.Info);

    /// <summary>RST5001 Backlog too small.</summary>
    internal static readonly DiagnosticDescriptor SmallBacklog = Define("RST5001", Categories.Listeners, DiagnosticSeverity.Info);

    /// <summary>RST5002 Stopping a listener resets waiting clients.</summary>
    internal static readonly DiagnosticDescriptor StoppedListener = Define("RST5002", Categories.Listeners, DiagnosticSeverity.Info, isEnabledByDefault: false);

    /// <summary>RST6001 Keep-alive slower than middleboxes.</summary>
    internal static readonly DiagnosticDescriptor SlowKeepAlive = Define("RST6001", Categories.IdleConnections, DiagnosticSeverity.Info);

    /// <summary>RST6002 Keep-alive gives up too soon.</summary>
    internal static readonly DiagnosticDescriptor ImpatientKeepAlive = Define("RST6002", Categories.IdleConnections, DiagnosticSeverity.Info, isEnabledByDefault: false);

    /// <summary>RST6003 Pooled connections outlive the server's patience.</summary>
    internal static readonly DiagnosticDescriptor PoolOutlivesServer = Define("RST6003", Categories.IdleConnections, DiagnosticSeverity.Info);

    /// <summary>RST7001 WebSocket dropped without a close handshake.</summary>
    internal static readonly DiagnosticDescriptor WebSocketDropped = Define("RST7001", Categories.Protocols, DiagnosticSeverity.Info);

    /// <summary>RST7002 TLS closed without close_notify.</summary>
    internal static readonly DiagnosticDescriptor TlsWithoutCloseNotify = Define("RST7002", Categories.Protocols, DiagnosticSeverity.Info);

    /// <summary>RST7003 A write-only TLS 1.3 client is reset at close.</summary>
    internal static readonly DiagnosticDescriptor WriteOnlyTlsClientReset = Define("RST7003", Categories.Protocols, DiagnosticSeverity.Warning);

    /// <summary>RST7004 Response draining switched off.</summary>
    internal static readonly DiagnosticDescriptor NoResponseDrain = Define("RST7004", Categories.Protocols, DiagnosticSeverity.Info, isEnabledByDefault: false);

    /// <summary>Every rule, sorted by id.</summary>
    public static ImmutableArray<CatalogueEntry> Rules { get; } = ImmutableArray.Create(
        new CatalogueEntry(LingerZero, Effects.Reset, causes: ["LingerZero"], origins: ["UserLingerZero"]),
        new CatalogueEntry(LingerZeroOnListener, Effects.Reset, causes: ["LingerZero"], origins: ["UserLingerZero"]),
        new CatalogueEntry(CloseZero, Effects.Reset, causes: ["LingerZero"], origins: ["CloseZero"]),
        new CatalogueEntry(DisconnectForReuse, Effects.Reset, causes: ["LingerZero"], origins: ["DisconnectReuse"]),
        new CatalogueEntry(DisposingTheHandle, Effects.Reset, causes: ["LingerZero"], origins: ["HandleDisposed"]),
        new CatalogueEntry(TimedClose, Effects.Reset, causes: ["LingerZero", "CloseWithUnread"], origins: ["TimedClose"]),
        new CatalogueEntry(AbortOnNormalPath, Effects.Reset, causes: ["LingerZero", "CloseWithUnread"], origins: ["FrameworkAbort"]),
        new CatalogueEntry(WriteToLingerCopy, Effects.NoEffect, causes: [], origins: []),
        new CatalogueEntry(LingerTime, Effects.Blocks, causes: [], origins: []),
        new CatalogueEntry(ClosedWithUnreadData, Effects.Reset, causes: ["CloseWithUnread", "DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(ClosedWhilePending, Effects.Reset, causes: ["LingerZero", "DisconnectUnspec"], origins: ["PendingAsync", "PendingBlocking"]),
        new CatalogueEntry(SendNotAwaited, Effects.Reset, causes: ["LingerZero"], origins: ["PendingAsync"]),
        new CatalogueEntry(HandlerOutlivesScope, Effects.Reset, causes: ["LingerZero"], origins: ["PendingAsync"]),
        new CatalogueEntry(CancellingByDisposing, Effects.Reset, causes: ["LingerZero"], origins: ["PendingAsync"]),
        new CatalogueEntry(TimedOutOperationLeftPending, Effects.Reset, causes: ["LingerZero"], origins: ["PendingAsync"]),
        new CatalogueEntry(CopyEndsAtFirstEnd, Effects.Reset, causes: ["DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(ShutdownBothBeforeReply, Effects.Reset, causes: ["DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(ReplyNeverRead, Effects.Reset, causes: ["CloseWithUnread", "DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(SendingAfterPeerClosed, Effects.Reset, causes: ["DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(ShutdownReceive, Effects.Reset, causes: ["CloseWithUnread"], origins: ["Plain"]),
        new CatalogueEntry(ReaderClosesConnection, Effects.DataLoss, causes: [], origins: []),
        new CatalogueEntry(ConnectionNeverClosed, Effects.Reset, causes: ["LingerZero", "CloseWithUnread"], origins: ["Finalizer"]),
        new CatalogueEntry(NonOwningStream, Effects.Reset, causes: ["LingerZero"], origins: ["Finalizer"]),
        new CatalogueEntry(UndisposedResponse, Effects.Reset, causes: ["CloseWithUnread", "LingerZero"], origins: ["Finalizer"]),
        new CatalogueEntry(ThrowingShutdownSkipsClose, Effects.Reset, causes: ["LingerZero"], origins: ["Finalizer"]),
        new CatalogueEntry(TimeoutTooShortToConnect, Effects.Reset, causes: ["LateSynAck", "DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(TimedOutConnectNotClosed, Effects.Reset, causes: ["LingerZero", "CloseWithUnread"], origins: ["Finalizer"]),
        new CatalogueEntry(TimeoutWithoutEffect, Effects.NoEffect, causes: [], origins: []),
        new CatalogueEntry(SmallBacklog, Effects.Reset, causes: ["AcceptQueueOverflow"], origins: ["Plain"]),
        new CatalogueEntry(StoppedListener, Effects.Reset, causes: ["ListenerClosed"], origins: ["Plain"]),
        new CatalogueEntry(SlowKeepAlive, Effects.Reset, causes: ["HalfOpen", "IdleExpiry"], origins: ["Plain"]),
        new CatalogueEntry(ImpatientKeepAlive, Effects.Reset, causes: ["KeepaliveTimeout"], origins: ["Plain"]),
        new CatalogueEntry(PoolOutlivesServer, Effects.Reset, causes: ["CloseWithUnread", "DataAfterClose"], origins: ["Plain"]),
        new CatalogueEntry(WebSocketDropped, Effects.NoHandshake, causes: [], origins: []),
        new CatalogueEntry(TlsWithoutCloseNotify, Effects.NoHandshake, causes: [], origins: []),
        new CatalogueEntry(WriteOnlyTlsClientReset, Effects.Reset, causes: ["CloseWithUnread"], origins: ["Plain"]),
        new CatalogueEntry(NoResponseDrain, Effects.Reset, causes: ["CloseWithUnread"], origins: ["Plain"]));

    /// <summary>The entry of rule <paramref name="id"/>, or <see langword="null"/> when there is none.</summary>
    public static CatalogueEntry? Find(string id) => Rules.FirstOrDefault(rule => rule.Descriptor.Id == id);

    private static DiagnosticDescriptor Define(string id, string category, DiagnosticSeverity severity, bool isEnabledByDefault = true) =>
        new(
            id,
            Texts.Get(id + "Title"),
            Texts.Get(id + "Message"),
            category,
            severity,
            isEnabledByDefault,
            description: Texts.Get(id + "Description"),
            helpLinkUri: $"{Repository.Url}/blob/main/docs/rules/{id}.md");
}
