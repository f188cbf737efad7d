using System.Net.Sockets;

namespace ValidCode;

/// <summary>Resets that somebody wants, and says so: by a name or by the attribute.</summary>
public sealed class DeclaredResets(Socket socket)
{
    public void Abort()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    [IntentionalReset("A client that sends nonsense gets no more of our time.")]
    public void Refuse() => socket.Close(0);

    [System.AttributeUsage(System.AttributeTargets.Method)]
    private sealed class IntentionalResetAttribute(string reason) : System.Attribute
    {
        public string Reason { get; } = reason;
    }
}
