namespace RstGuard.Sockets;

/// <summary>How an operation gives its result.</summary>
internal enum OperationForm
{
    /// <summary>It returns when it is done.</summary>
    Synchronous,

    /// <summary>A task.</summary>
    Task,

    /// <summary>The first half of the asynchronous pattern: <c>BeginReceive</c>.</summary>
    Begin,

    /// <summary>The second half: <c>EndReceive</c>.</summary>
    End,

    /// <summary><c>SocketAsyncEventArgs</c>.</summary>
    EventArgs,
}
