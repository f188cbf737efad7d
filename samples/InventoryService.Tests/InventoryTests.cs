using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using RstGuard;
using Xunit;

namespace InventoryService.Tests;

public sealed class InventoryTests
{
    [Fact]
    public Task ServiceThatReadsTheCountAlone_ResetsTheWarehouse() => AskAsync(readAll: false);

    [Fact]
    public Task ServiceThatReadsTheWholeAnswer_ResetsNobody() => AskAsync(readAll: true);

    private static async Task AskAsync(bool readAll)
    {
        await using var guard = ResetGuard.Start();

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task warehouse = AnswerAsync(listener);
        await using WebApplication app = Inventory.Build(new Warehouse((IPEndPoint)listener.LocalEndpoint) { ReadsTheWholeAnswer = readAll }, "http://127.0.0.1:0");
        await app.StartAsync();
        using var client = new HttpClient();
        Assert.Equal("7", await client.GetStringAsync(app.Urls.Single() + "/stock/bolts"));
        await warehouse;

        await guard.AssertNoResetsAsync();
    }

    // Leaves the connection open for the next question until its client ends it.
    private static async Task AnswerAsync(TcpListener listener)
    {
        using Socket connection = await listener.AcceptSocketAsync();
        byte[] question = new byte[64];
        try
        {
            while (await connection.ReceiveAsync(question) > 0)
            {
                await connection.SendAsync("\0\0\0\u0007hall one, hall two, hall six"u8.ToArray());
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // What the warehouse's log shows, without a word of who did it.
        }
    }
}
