namespace RstGuard;

/// <summary>
/// What a diagnostic tells its code fix: keys and values of <c>Diagnostic.Properties</c>.
/// </summary>
internal static class DiagnosticProperties
{
    /// <summary>
    /// RST1001, RST1009: what the diagnostic marks, one of <see cref="LingerForms"/>. RST4001: which timeout, one of <see cref="Timeouts"/>.
    /// RST2001: the evidence, one of <see cref="UnreadEvidence"/>. RST2002: what is pending, one of <see cref="PendingForms"/>.
    /// RST6001: what is marked, one of <see cref="KeepAliveForms"/>.
    /// </summary>
    internal const string Form = "form";

    /// <summary>RST6001: the time that a fix writes, in seconds, decimal digits (option <c>rstguard.max_idle_seconds</c>).</summary>
    internal const string MaxIdleSeconds = "maxIdleSeconds";

    /// <summary>
    /// RST4001: the timeout that a fix writes, in milliseconds, decimal digits (option <c>rstguard.connect_timeout_ms</c>).
    /// </summary>
    internal const string ConnectTimeoutMilliseconds = "connectTimeoutMilliseconds";

    /// <summary>
    /// RST4001: the unit of the marked expression: <see cref="UnitMilliseconds"/> for an <c>int</c> of milliseconds,
    /// <see cref="UnitTimeSpan"/> for a <c>TimeSpan</c>.
    /// </summary>
    internal const string Unit = "unit";

    internal const string UnitMilliseconds = "milliseconds";
    internal const string UnitTimeSpan = "timeSpan";

    /// <summary>
    /// RST1006, RST2001, RST2011, RST7002, RST7003: the limit that a graceful close written by a fix gets, in milliseconds, decimal digits: the
    /// close's own, or the option <c>rstguard.graceful_timeout_ms</c>. Absent where others may be reading from what is closed: offer no fix.
    /// </summary>
    internal const string GracefulTimeoutMilliseconds = "gracefulTimeoutMilliseconds";

    /// <summary>
    /// RST2001: what is closed: the simple name of a BCL type, <c>Socket</c>, <c>TcpClient</c> or <c>NetworkStream</c>.
    /// </summary>
    internal const string Connection = "connection";

    /// <summary>RST1006, RST2001, RST2011, RST7002, RST7003: <c>"true"</c> when the code speaks HTTP/1.x, where a half-close may cost the answer: offer no fix.</summary>
    internal const string SpeaksHttp = "speaksHttp";

    /// <summary>
    /// RST2012: <c>"true"</c> when leaving the stream open repairs it: somebody else closes the connection, and nothing reads after a
    /// reader that may have read ahead.
    /// </summary>
    internal const string LeaveOpen = "leaveOpen";

    /// <summary>RST1001, RST1009: what the diagnostic marks.</summary>
    internal static class LingerForms
    {
        /// <summary>An assignment expression; removing the statement removes the effect.</summary>
        internal const string Assignment = "assignment";

        /// <summary>An assignment inside an object initializer: remove it and its comma.</summary>
        internal const string InitializerMember = "initializerMember";

        /// <summary>An invocation of <c>SetSocketOption</c> or <c>SetRawSocketOption</c>.</summary>
        internal const string Invocation = "invocation";

        /// <summary>The value of a property's or field's initializer.</summary>
        internal const string OptionDefault = "optionDefault";
    }

    /// <summary>RST2002: what is pending.</summary>
    internal static class PendingForms
    {
        /// <summary>A receive: a shutdown before the close repairs it.</summary>
        internal const string Receive = "receive";

        /// <summary>A send: after a shutdown the peer would read a clean end of a truncated message, so no fix.</summary>
        internal const string Send = "send";
    }

    /// <summary>RST2001: why data is known, or likely, to be unread.</summary>
    internal static class UnreadEvidence
    {
        /// <summary>One receive, whose count is ignored or only used to decode.</summary>
        internal const string SingleReceive = "singleReceive";

        /// <summary>The last receive only peeked.</summary>
        internal const string Peek = "peek";

        /// <summary><c>Available</c> or <c>DataAvailable</c> was seen true, and nothing was read after.</summary>
        internal const string Available = "available";

        /// <summary>A reply was written and the connection closed right after (Info).</summary>
        internal const string ReplyThenClose = "replyThenClose";

        /// <summary>A TLS handshake failed, and the socket under it is closed (Info).</summary>
        internal const string Handshake = "handshake";

        /// <summary>An accepted client is turned away before anything was received (Info).</summary>
        internal const string Refused = "refused";

        /// <summary>A callback ends its one receive and closes (Info).</summary>
        internal const string Callback = "callback";

        /// <summary>The function drains the input on one path and closes before on another (Info).</summary>
        internal const string Undrained = "undrained";

        /// <summary>A drain gives up in less than a second, and its caller closes (Info); the wait is marked.</summary>
        internal const string ShortDrain = "shortDrain";

        /// <summary>Kestrel's handler of a connection reads once and returns (Info); the read is marked.</summary>
        internal const string OneReadHandler = "oneReadHandler";

        /// <summary>A response of <c>HttpListener</c> that is closed with <c>KeepAlive</c> off, and the request's body was not read (Info).</summary>
        internal const string UnreadBody = "unreadBody";
    }

    /// <summary>RST4001: which timeout.</summary>
    internal static class Timeouts
    {
        internal const string SendTimeout = "sendTimeout";

        /// <summary>A send timeout that bounds no connect, but the exchange after it (Info).</summary>
        internal const string SendTimeoutOfExchange = "sendTimeoutOfExchange";

        internal const string ReceiveTimeout = "receiveTimeout";
        internal const string ConnectToken = "connectToken";
        internal const string HttpConnectTimeout = "httpConnectTimeout";
        internal const string HttpClientTimeout = "httpClientTimeout";
    }

    /// <summary>RST6001: what the diagnostic marks.</summary>
    internal static class KeepAliveForms
    {
        /// <summary>The call that switches the keep-alive on; its time is the system's.</summary>
        internal const string SystemDefault = "systemDefault";

        /// <summary>A number of seconds.</summary>
        internal const string Seconds = "seconds";

        /// <summary>A <c>TimeSpan</c>.</summary>
        internal const string TimeSpan = "timeSpan";
    }
}
