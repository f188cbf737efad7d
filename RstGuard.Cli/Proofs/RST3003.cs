// Rule: RST3003
// Flagged: http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)
// Claims: reset
// Protocol: HTTP
//
// One process, two ends: the flagged code uploads a report, and the server answers with an error and a page about it. Then the garbage collector
// comes, the client ends, and the server reads to the end of the connection.
// Usage: RST3003 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

#region Sample
internal static class Uploader
{
    public static async Task UploadAsync(HttpClient http, Uri target, byte[] report)
    {
        using HttpRequestMessage request = new(HttpMethod.Put, target) { Content = new ByteArrayContent(report) };
        HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 20_000;
    private const int PageLength = 20_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Task<(EndPoint Client, long Received, string End)> answering = Task.Run(() => Answer(listener));
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
        Upload(http, new Uri($"http://{listener.LocalEndPoint}/"));
        blocked.Stop();

        // What a task's machinery still holds is let go of by and by.
        for (int i = 0; i < 50 && !answering.Wait(20); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        http.Dispose();
        (EndPoint client, long received, string end) = answering.GetAwaiter().GetResult();
        Console.WriteLine($"sender {client}");
        Console.WriteLine($"receiver {listener.LocalEndPoint}");
        Console.WriteLine($"sent {ReportLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // Not inlined, so that nothing of the response is left on the stack when the collector looks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Upload(HttpClient http, Uri target)
    {
        try
        {
            Uploader.UploadAsync(http, target, new byte[ReportLength]).GetAwaiter().GetResult();
        }
        catch (HttpRequestException e)
        {
            Console.Error.WriteLine($"The upload failed: {e.Message}");
        }
    }

    private static (EndPoint Client, long Received, string End) Answer(Socket listener)
    {
        using Socket server = listener.Accept();
        EndPoint client = server.RemoteEndPoint!;
        byte[] buffer = new byte[65_536];
        int length = 0, body;
        while ((body = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0 || length < body + 4 + ReportLength)
        {
            length += server.Receive(buffer, length, buffer.Length - length, SocketFlags.None);
        }

        long received = length - body - 4;
        server.Send([.. "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 20000\r\n\r\n"u8, .. new byte[PageLength]]);
        try
        {
            while (server.Receive(buffer) is > 0 and int count)
            {
                received += count;
            }

            return (client, received, "EndOfStream");
        }
        catch (SocketException e)
        {
            return (client, received, e.SocketErrorCode.ToString());
        }
    }
}
