namespace RstGuard.Sockets;

/// <summary>What a close does about data that is still to be sent, as its arguments show.</summary>
internal enum CloseForm
{
    /// <summary><c>Close()</c>, <c>Dispose()</c>, the end of a <c>using</c>: sent in the background.</summary>
    Plain,

    /// <summary><c>Close(0)</c>: dropped, with a reset.</summary>
    Zero,

    /// <summary><c>Close(n)</c> with a constant above 0, in milliseconds: waits so long.</summary>
    Timed,

    /// <summary><c>Close(timeout)</c> with a value that is not known here, or -1, which is the same as a plain one.</summary>
    Unknown,

    /// <summary>The socket's handle alone: dropped, with a reset.</summary>
    Handle,
}
