using System.IO.Pipelines;
using System.Net.WebSockets;

namespace RstGuard.Tests.Closing;

public sealed class GracefulWebSocketCloseTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task PeerThatAnswers_GetsTheCloseFrame()
    {
        (WebSocket closing, WebSocket peer) = Pair();
        Task close = closing.CloseGracefullyAsync(Ample);
        WebSocketReceiveResult result = await peer.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.NormalClosure), (result.MessageType, result.CloseStatus));
        await peer.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await close;
        Assert.Equal(WebSocketState.Closed, closing.State);
    }

    [Fact]
    public async Task PeerThatClosedFirst_IsAnswered()
    {
        (WebSocket closing, WebSocket peer) = Pair();
        await peer.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await closing.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken);
        await closing.CloseGracefullyAsync(Ample);
        Assert.Equal(WebSocketMessageType.Close, (await peer.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken)).MessageType);
    }

    [Fact]
    public async Task SilentPeer_IsNotWaitedForLongerThanTheTimeout()
    {
        (WebSocket closing, _) = Pair();
        await closing.CloseGracefullyAsync(TimeSpan.FromMilliseconds(50));
        Assert.Equal(WebSocketState.Aborted, closing.State);
        await closing.CloseGracefullyAsync(Ample);
    }

    [Fact]
    public async Task TimeoutOutOfRange_IsRefusedAndNothingClosed()
    {
        (WebSocket closing, _) = Pair();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => closing.CloseGracefullyAsync(TimeSpan.Zero));
        Assert.Equal(WebSocketState.Open, closing.State);
    }

    private static (WebSocket Closing, WebSocket Peer) Pair()
    {
        Pipe there = new();
        Pipe back = new();
        return (
            WebSocket.CreateFromStream(new Duplex(back.Reader.AsStream(), there.Writer.AsStream()), new WebSocketCreationOptions()),
            WebSocket.CreateFromStream(new Duplex(there.Reader.AsStream(), back.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true }));
    }

    /// <summary>Reads from one stream and writes to another.</summary>
    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => input.ReadAsync(buffer, offset, count, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => output.WriteAsync(buffer, offset, count, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
                output.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
