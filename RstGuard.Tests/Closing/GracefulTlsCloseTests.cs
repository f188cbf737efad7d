using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RstGuard.Tests.Closing;

public sealed class GracefulTlsCloseTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

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
    public async Task PeerThatSendsForEver_IsCutOffAtTheTimeLimit()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        Task sending = Task.Run(async () =>
        {
            while (true)
            {
                await pair.Server.WriteAsync(new byte[1]);
            }
        });
        await pair.Client.CloseGracefullyAsync(Short, long.MaxValue).WaitAsync(Ample);
        Assert.False(pair.Client.CanRead);
        await Assert.ThrowsAsync<IOException>(() => sending.WaitAsync(Ample));
    }

    // close_notify has to wait then, and takes no token.
    [Fact]
    public async Task PeerThatNeverReads_IsNotWaitedForLongerThanTheTimeout()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        ConnectedPair.Fill(pair.Transport.Socket);
        await pair.Client.CloseGracefullyAsync(Short).WaitAsync(Ample);
        Assert.False(pair.Client.CanRead);
    }

    // It takes no data before it has sent, so that close_notify waits for what is read.
    [Fact]
    public async Task PeerThatSendsBeforeItReads_IsReadMeanwhile()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        await pair.Server.WriteAsync(new byte[100_000]);
        pair.Transport.HoldWritesUntilRead(100_000);
        Task closing = pair.Client.CloseGracefullyAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, await pair.Server.ReadAsync(new byte[1]).AsTask().WaitAsync(Ample));
        await pair.Server.DisposeAsync();
        await closing.WaitAsync(Ample);
    }

    [Fact]
    public async Task PeerThatResetsMeanwhile_EndsTheWait()
    {
        using Pair pair = await Pair.CreateAsync(SslProtocols.Tls13);
        Task closing = pair.Client.CloseGracefullyAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, await pair.Server.ReadAsync(new byte[1]).AsTask().WaitAsync(Ample));
#pragma warning disable RST1001 // The reset is the point.
        pair.ServerSocket.LingerState = new LingerOption(true, 0);
#pragma warning restore RST1001
        pair.ServerSocket.Dispose();
        await closing.WaitAsync(Ample);
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

    /// <summary>A connection that takes no more data until enough was read from it, as one does whose peer reads nothing before it has written all.</summary>
    private sealed class HoldingStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private TaskCompletionSource? _held;
        private long _unread;

        public void HoldWritesUntilRead(long bytes)
        {
            _unread = bytes;
            _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await base.ReadAsync(buffer, cancellationToken);
            if (_held is { } held && (_unread -= count) <= 0)
            {
                held.TrySetResult();
            }

            return count;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_held is { } held)
            {
                await held.Task.WaitAsync(cancellationToken);
            }

            await base.WriteAsync(buffer, cancellationToken);
        }
    }

    private sealed record Pair(SslStream Client, HoldingStream Transport, SslStream Server, Socket ServerSocket) : IDisposable
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
            Socket server = await listener.AcceptAsync();
            HoldingStream transport = new(client);
            Pair pair = new(new(transport, false, (_, _, _, _) => true), transport, new(new NetworkStream(server, true)), server);
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
