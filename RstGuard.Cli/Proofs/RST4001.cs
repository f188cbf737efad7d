// Rule: RST4001
// Flagged: 100
// Claims: reset, loss
//
// One process, two ends: the flagged code asks a question and gives the server 100 milliseconds to answer. The server takes a
// second. By then the timed-out socket is closed, and the answer meets a connection that nobody reads.
// Usage: RST4001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class QuestionClient
{
    public static int Ask(IPEndPoint server, byte[] question, byte[] answer)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.ReceiveTimeout = 100;
        socket.Connect(server);
        socket.Send(question);

        int received = 0;
        while (socket.Receive(answer, received, answer.Length - received, SocketFlags.None) is > 0 and int count)
        {
            received += count;
        }

        return received;
    }
}
#endregion

internal static class Program
{
    private const int QuestionLength = 100;
    private const int AnswerLength = 1000;
    private static readonly TimeSpan Thinking = TimeSpan.FromSeconds(1);

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);
        Task<(IPEndPoint Server, IPEndPoint Client, int Sent)> answering = Task.Run(() => Answer(listener));

        Stopwatch blocked = Stopwatch.StartNew();
        int received = 0;
        string end = "EndOfStream";
        try
        {
            // One byte more than the answer has, so that the client reads to the end of the stream.
            received = QuestionClient.Ask((IPEndPoint)listener.LocalEndPoint!, new byte[QuestionLength], new byte[AnswerLength + 1]);
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode.ToString();
        }

        blocked.Stop();
        (IPEndPoint server, IPEndPoint client, int sent) = await answering;

        Console.WriteLine($"sender {server}");
        Console.WriteLine($"receiver {client}");
        Console.WriteLine($"sent {sent}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static (IPEndPoint Server, IPEndPoint Client, int Sent) Answer(Socket listener)
    {
        using Socket server = listener.Accept();
        (IPEndPoint, IPEndPoint) ends = ((IPEndPoint)server.LocalEndPoint!, (IPEndPoint)server.RemoteEndPoint!);
        byte[] question = new byte[QuestionLength];
        int read = 0;
        while (read < question.Length && server.Receive(question, read, question.Length - read, SocketFlags.None) is > 0 and int count)
        {
            read += count;
        }

        Thread.Sleep(Thinking);
        int sent = server.Send(new byte[AnswerLength]);
        return (ends.Item1, ends.Item2, sent);
    }
}
