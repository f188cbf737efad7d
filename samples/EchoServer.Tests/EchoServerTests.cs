using System.Net;
using System.Net.Sockets;
using RstGuard;
using Xunit;

namespace EchoServer.Tests;

public sealed class EchoServerTests
{
    [Fact]
    public Task ServerThatReadsHalfARequest_ResetsItsClient() => ExchangeAsync(readAll: false);

    [Fact]
    public Task ServerThatReadsTheWholeRequest_ResetsNobody() => ExchangeAsync(readAll: true);

    private static async Task ExchangeAsync(bool readAll)
    {
        await using var guard = ResetGuard.Start();

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await client.GetStream().WriteAsync(new byte[8]);
        ServeOne(await listener.AcceptSocketAsync(), readAll);

        await guard.AssertNoResetsAsync();
    }

    private static void ServeOne(Socket connection, bool readAll)
    {
        byte[] request = new byte[8];
        while (connection.Available < request.Length)
        {
            Thread.Sleep(1);
        }

        connection.Receive(request, readAll ? 8 : 4, SocketFlags.None);
        connection.Close(); // the reset: four bytes are unread
    }
}
