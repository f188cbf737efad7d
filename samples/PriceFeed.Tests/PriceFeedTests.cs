using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using RstGuard;

namespace PriceFeed.Tests;

public sealed class PriceFeedTests
{
    [Test]
    public async Task FeedThatIsDisposed_ResetsItsServer()
    {
        await using var guard = ResetGuard.Start();

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task server = ServeAsync(listener);
        using (var feed = new PriceFeed())
        {
            await feed.SubscribeAsync(listener.LocalEndpoint, "EUR");
        }

        await server;
        await guard.AssertNoResetsAsync();
    }

    [Test]
    public async Task FeedThatUnsubscribes_ResetsNobody()
    {
        await using var guard = ResetGuard.Start();

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task server = ServeAsync(listener);
        using var feed = new PriceFeed();
        await feed.SubscribeAsync(listener.LocalEndpoint, "EUR");
        await feed.UnsubscribeAsync();

        await server;
        await guard.AssertNoResetsAsync();
    }

    // Has no price to tell, and ends when its client does.
    private static async Task ServeAsync(TcpListener listener)
    {
        using Socket connection = await listener.AcceptSocketAsync();
        byte[] buffer = new byte[256];
        try
        {
            while (await connection.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // What production logs show, without a word of who did it.
        }
    }
}
