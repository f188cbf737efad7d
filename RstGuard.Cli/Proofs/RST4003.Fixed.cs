internal sealed class AnswerClient(AddressFamily family, TimeSpan patience) : IDisposable
{
    private readonly Socket _socket = new(family, SocketType.Stream, ProtocolType.Tcp);

    public async Task<EndPoint> ConnectAsync(IPEndPoint server)
    {
        await _socket.ConnectAsync(server);
        return _socket.LocalEndPoint!;
    }

    public async Task<int> ReadAsync(byte[] buffer)
    {
        using CancellationTokenSource timeout = new();
        timeout.CancelAfter(patience);
        return await _socket.ReceiveAsync(buffer, SocketFlags.None, timeout.Token);
    }

    public void Dispose() => _socket.Dispose();
}
