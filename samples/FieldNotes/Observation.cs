using System.Net;
using System.Net.Sockets;
using RstGuard;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Reports;

namespace FieldNotes;

/// <summary>Watches one thing being done, and writes what was reset by it.</summary>
internal static class Observation
{
    private const int ShownSegments = 6;

    /// <summary>Does something under a guard that captures one port, and writes the outcome to standard output.</summary>
    /// <param name="name">What is done, in a line.</param>
    /// <param name="port">The server's port.</param>
    /// <param name="act">Does it. When it returns all connections that matter have ended, or are meant to go on.</param>
    public static async Task WatchAsync(string name, int port, Func<Task> act)
    {
        var filter = new CaptureFilter { Ports = [port] };
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(filter));
        await using ResetGuard guard = ResetGuard.Start(new ResetGuardOptions { Filter = filter });
        Console.WriteLine($"\n{name}");
        await act().WaitAsync(TimeSpan.FromSeconds(60));
        ResetRecording recording = await recorder.StopAsync();
        await guard.StopAsync();

        ConnectionSummary[] connections = [.. recording.Connections];
        int reset = connections.Count(connection => connection.Resets > 0);
        Console.WriteLine($"  {connections.Length} connection{(connections.Length == 1 ? "" : "s")}, {reset} reset, {connections.Count(c => c is { ClientFin: true, ServerFin: true, Resets: 0 })} ended by FIN both ways"
            + (recording.IsComplete ? "" : "; not everything was seen: " + string.Join(" ", recording.Gaps)));
        foreach (ResetVerdict verdict in recording.Resets.Where(verdict => !verdict.FollowsEarlierReset).Take(2))
        {
            GuardedReset? own = guard.Resets.Concat(guard.UnownedResets).FirstOrDefault(known => known.Verdict.Sender.Equals(verdict.Sender) && known.Verdict.Receiver.Equals(verdict.Receiver));
            string by = verdict.Sender.Port == port ? "server" : "client";
            Console.WriteLine(own is null
                ? $"  {by} resets: {string.Join(" or ", verdict.Candidates)} ({verdict.Confidence})"
                : $"  {by} resets: {string.Join(" or ", own.Candidates)} ({own.Confidence}){(own.Site is { } site ? $", {own.Origin}, closed at {WithoutFolder(site)}" : "")}");
            Console.Write(TextLadder.Draw(verdict, ShownSegments));
        }
    }

    /// <summary>A connection of this process to a server on loopback; its waits are bounded.</summary>
    public static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads until the peer's end or its reset; says which.</summary>
    public static string ReadToEnd(Socket socket)
    {
        byte[] buffer = new byte[65_536];
        int total = 0;
        try
        {
            while (socket.Receive(buffer) is > 0 and int count)
            {
                total += count;
            }

            return $"{total} bytes, then the end";
        }
        catch (SocketException exception)
        {
            return $"{total} bytes, then {exception.SocketErrorCode}";
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        for (int i = 0; i < 1000; i++)
        {
            if (condition())
            {
                return;
            }

            await Task.Delay(10);
        }

        throw new TimeoutException(otherwise);
    }

    public static bool Accepts(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // The file's name is enough for a page; the path is this machine's.
    private static string WithoutFolder(CloseSite site) =>
        (site.Line ?? site.CalledFrom) is { } line ? site.ToString().Replace(Path.GetDirectoryName(line.File) + "/", "", StringComparison.Ordinal) : site.ToString();
}
