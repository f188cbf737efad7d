// Rule: RST7002
// Flagged: tls
// Claims: noHandshake
// Protocol: TLS
//
// One process, two ends: the flagged code is a client that sends an order over TLS and reads the receipt. The server reads to the end and
// looks, in the bytes of TCP, for the alert that ends a TLS connection. It allows TLS 1.2 alone, whose records say what they are; those of
// TLS 1.3 hide it.
// Usage: RST7002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

#region Sample
internal static class Shop
{
    public static async Task OrderAsync(IPEndPoint server, byte[] order, RemoteCertificateValidationCallback trust)
    {
        using TcpClient client = new();
        await client.ConnectAsync(server);
        await using SslStream tls = new(client.GetStream(), leaveInnerStreamOpen: false, trust);
        await tls.AuthenticateAsClientAsync("shop");
        await tls.WriteAsync(order);
        byte[] receipt = new byte[100];
        await tls.ReadExactlyAsync(receipt);
    }
}
#endregion

internal static class Program
{
    private const int OrderLength = 2_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Task<string> serving = Task.Run(() => Serve(listener));
        Stopwatch blocked = Stopwatch.StartNew();
        await Shop.OrderAsync((IPEndPoint)listener.LocalEndPoint!, new byte[OrderLength], (_, _, _, _) => true);
        blocked.Stop();
        Console.WriteLine(await serving);
        Console.WriteLine($"sent {OrderLength}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static string Serve(Socket listener)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=shop", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using Socket client = listener.Accept();
        string ends = $"sender {client.RemoteEndPoint}\nreceiver {client.LocalEndPoint}";
        using RecordReader records = new(client);
        using SslStream tls = new(records);
        tls.AuthenticateAsServer(certificate, clientCertificateRequired: false, SslProtocols.Tls12, checkCertificateRevocation: false);
        byte[] buffer = new byte[OrderLength];
        long received = 0;
        string end = "EndOfStream";
        try
        {
            while (tls.Read(buffer) is > 0 and int count)
            {
                received += count;
                if (received == OrderLength)
                {
                    tls.Write(new byte[100]);
                }
            }
        }
        catch (IOException e)
        {
            end = (e.InnerException as SocketException)?.SocketErrorCode.ToString() ?? e.Message;
        }

        return $"{ends}\nreceived {received}\nend {end}\nhandshake {(records.LastWasAlert ? "complete" : "missing")}";
    }

    /// <summary>Reads the connection, and notes the type of each TLS record: five bytes of header, the first the type, the last two the length.</summary>
    private sealed class RecordReader(Socket socket) : NetworkStream(socket)
    {
        private const int Alert = 21;
        private readonly byte[] _header = new byte[5];
        private int _inHeader;
        private int _inBody;

        public bool LastWasAlert { get; private set; }

        public override int Read(byte[] buffer, int offset, int size)
        {
            int count = base.Read(buffer, offset, size);
            for (int i = 0; i < count; i++)
            {
                Note(buffer[offset + i]);
            }

            return count;
        }

        private void Note(byte value)
        {
            if (_inBody > 0)
            {
                _inBody--;
                return;
            }

            _header[_inHeader++] = value;
            if (_inHeader == _header.Length)
            {
                _inHeader = 0;
                _inBody = (_header[3] << 8) | _header[4];
                LastWasAlert = _header[0] == Alert;
            }
        }
    }
}
