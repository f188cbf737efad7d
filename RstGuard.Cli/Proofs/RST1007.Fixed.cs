internal sealed class ReportHandler(byte[] report) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        await connection.Transport.Output.WriteAsync(report);
        await connection.Transport.Output.CompleteAsync();
    }
}
