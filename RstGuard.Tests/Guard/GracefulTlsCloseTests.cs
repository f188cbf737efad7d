using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RstGuard.Tests.Guard;

public sealed class GracefulTlsCloseTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task PeerThatClosesToo_GetsEverythingAndNoReset(SslProtocols version)
    {
        using Pair pair = await Pair.CreateAsync(version);
        await pair.Client.WriteAsync(new byte[50_000], TestContext.Current.CancellationToken);
        Task closing = pair.Client.CloseGracefullyAsync(Ample);
        byte[] buffer = new byte[65_536];
        int received = 0;
        while (await pair.Server.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and int count)
        {
            received += count;
        }

        Assert.Equal(50_000, received);
        await pair.Server.DisposeAsync();
        await closing;
        Assert.False(pair.Client.CanRead);
    }

    [Fact]
    public async Task SilentPeer_IsNotWaitedForLongerThanTheTimeout()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        await pair.Client.CloseGracefullyAsync(TimeSpan.FromMilliseconds(50));
        Assert.False(pair.Client.CanRead);
        Assert.Equal(0, await pair.Server.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EndlessPeer_IsCutOffAtTheByteLimit()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        await pair.Server.WriteAsync(new byte[20_000], TestContext.Current.CancellationToken);
        await pair.Client.CloseGracefullyAsync(Ample, maximumBytes: 10_000);
        Assert.False(pair.Client.CanRead);
    }

    [Fact]
    public async Task PeerThatIsGone_LeavesNothingToWaitFor()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        await pair.Server.DisposeAsync();
        await pair.Client.CloseGracefullyAsync(Ample);
        Assert.False(pair.Client.CanRead);
    }

    [Fact]
    public async Task StreamThatIsNotAuthenticatedOrDisposed_IsOnlyDisposed()
    {
        using MemoryStream inner = new();
        SslStream stream = new(inner);
        await stream.CloseGracefullyAsync(Ample);
        Assert.False(inner.CanRead);
        await stream.CloseGracefullyAsync(Ample);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public async Task LimitOutOfRange_IsRefusedAndNothingClosed(double milliseconds, long maximumBytes)
    {
        using MemoryStream inner = new();
        using SslStream stream = new(inner);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => stream.CloseGracefullyAsync(TimeSpan.FromMilliseconds(milliseconds), maximumBytes));
        Assert.True(inner.CanRead);
    }

    private sealed record Pair(SslStream Client, SslStream Server) : IDisposable
    {
        public static async Task<Pair> CreateAsync(SslProtocols version)
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            CertificateRequest request = new("CN=peer", key, HashAlgorithmName.SHA256);
            using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(listener.LocalEndPoint!);
            Pair pair = new(new(new NetworkStream(client, true), false, (_, _, _, _) => true), new(new NetworkStream(await listener.AcceptAsync(), true)));
            await Task.WhenAll(
                pair.Client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "peer", EnabledSslProtocols = version }),
                pair.Server.AuthenticateAsServerAsync(certificate));
            return pair;
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
