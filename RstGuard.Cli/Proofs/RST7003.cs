// Rule: RST7003
// Flagged: tls
// Claims: reset, loss
// Protocol: TLS
//
// One process, two ends: the flagged code is a client that ships log lines over TLS and never reads. The server has a small receive buffer
// and reads late, so most of the log still waits in the client's send queue when that closes.
// Usage: RST7003 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

#region Sample
internal static class LogShipper
{
    public static async Task ShipAsync(IPEndPoint collector, IEnumerable<byte[]> log, RemoteCertificateValidationCallback trust)
    {
        using TcpClient client = new();
        await client.ConnectAsync(collector);
        await using SslStream tls = new(client.GetStream(), leaveInnerStreamOpen: false, trust);
        await tls.AuthenticateAsClientAsync("collector");
        foreach (byte[] lines in log)
        {
            await tls.WriteAsync(lines);
        }
    }
}
#endregion

internal static class Program
{
    private const int LogLength = 200_000;

    // The server sends its session tickets before its end of the handshake is done.
    private static readonly ManualResetEventSlim Authenticated = new();
    private static readonly ManualResetEventSlim Written = new();

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Task<(long Received, string End, string Sender, string Receiver)> serving = Task.Run(() => Serve(listener));
        Stopwatch blocked = Stopwatch.StartNew();
        await LogShipper.ShipAsync((IPEndPoint)listener.LocalEndPoint!, Log(), (_, _, _, _) => true);
        blocked.Stop();
        (long received, string end, string sender, string receiver) = await serving;

        Console.WriteLine($"sender {sender}");
        Console.WriteLine($"receiver {receiver}");
        Console.WriteLine($"sent {LogLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static IEnumerable<byte[]> Log()
    {
        Authenticated.Wait(TimeSpan.FromSeconds(5));
        yield return new byte[LogLength];
        Written.Set();
    }

    private static (long Received, string End, string Sender, string Receiver) Serve(Socket listener)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=collector", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using Socket client = listener.Accept();
        IPEndPoint sender = (IPEndPoint)client.RemoteEndPoint!;
        IPEndPoint receiver = (IPEndPoint)client.LocalEndPoint!;
        using SslStream tls = new(new NetworkStream(client));
        tls.AuthenticateAsServer(certificate);
        Authenticated.Set();
        Written.Wait(TimeSpan.FromSeconds(5));
        WaitWhileEstablished(receiver, sender, TimeSpan.FromMilliseconds(300));
        byte[] buffer = new byte[65_536];
        long received = 0;
        string end = "EndOfStream";
        try
        {
            while (tls.Read(buffer) is > 0 and int count)
            {
                received += count;
            }
        }
        catch (IOException e)
        {
            end = (e.InnerException as SocketException)?.SocketErrorCode.ToString() ?? e.Message;
        }

        return (received, end, sender.ToString(), receiver.ToString());
    }

    // A client that resets is gone at once; one that closes in order waits for this end to read.
    private static void WaitWhileEstablished(IPEndPoint local, IPEndPoint remote, TimeSpan limit)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); waited.Elapsed < limit; Thread.Sleep(5))
        {
            if (!IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(connection =>
                connection.State == TcpState.Established
                && connection.LocalEndPoint.Equals(local)
                && connection.RemoteEndPoint.Equals(remote)))
            {
                return;
            }
        }
    }
}
