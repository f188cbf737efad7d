namespace ValidCode;

/// <summary>Types of one's own that share names with the platform's.</summary>
public static class NamesakesOfSockets
{
    public static void Use()
    {
        Socket socket = new();
        socket.LingerState = new LingerOption(true, 0);
        socket.Disconnect(true);
        socket.Close(0);
    }

    private sealed class Socket
    {
        public LingerOption? LingerState { get; set; }

        public void Close(int timeout) => Console.WriteLine(timeout);

        public void Disconnect(bool reuse) => Console.WriteLine(reuse);
    }

    private sealed record LingerOption(bool Enabled, int Seconds);
}
