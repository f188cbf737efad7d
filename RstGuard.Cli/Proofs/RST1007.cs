// Rule: RST1007
// Flagged: connection.Abort()
// Claims: reset, loss
// Framework: Microsoft.AspNetCore.App
//
// One process, two ends: Kestrel runs the flagged connection handler, which sends a report and ends the connection. The client's receive
// buffer is small, and it reads once the server has let go of the connection, so most of the report still waits in the server then.
// Usage: RST1007 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

#region Sample
internal sealed class ReportHandler(byte[] report) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        await connection.Transport.Output.WriteAsync(report);
        await connection.Transport.Output.CompleteAsync();
        connection.Abort();
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using TcpListener free = new(IPAddress.Parse(arguments[0]), 0);
        free.Start();
        IPEndPoint server = (IPEndPoint)free.LocalEndpoint;
        free.Stop();

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(new ReportHandler(new byte[ReportLength]));
        builder.WebHost.ConfigureKestrel(options => options.Listen(server, listen => listen.UseConnectionHandler<ReportHandler>()));
        await using WebApplication host = builder.Build();
        await host.StartAsync();

        Stopwatch blocked = Stopwatch.StartNew();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(server);
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        WaitWhileEstablished(server, clientEnd);
        (long received, string end) = ReadToEnd(client);
        client.Close();
        await host.StopAsync();
        blocked.Stop();

        Console.WriteLine($"sender {server}");
        Console.WriteLine($"receiver {clientEnd}");
        Console.WriteLine($"sent {ReportLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // The server's end leaves Established when it closes; the client cannot see that, its window is full.
    private static void WaitWhileEstablished(IPEndPoint local, IPEndPoint remote)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(5); Thread.Sleep(5))
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

    private static (long Received, string End) ReadToEnd(Socket socket)
    {
        byte[] buffer = new byte[65_536];
        long received = 0;
        try
        {
            while (socket.Receive(buffer) is > 0 and int count)
            {
                received += count;
            }

            return (received, "EndOfStream");
        }
        catch (SocketException e)
        {
            return (received, e.SocketErrorCode.ToString());
        }
    }
}
