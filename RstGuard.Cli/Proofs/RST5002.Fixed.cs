internal static class Intake
{
    public static void Run(TcpListener listener, Func<bool> goesOn, Action<TcpClient> serve)
    {
        do
        {
            using TcpClient client = listener.AcceptTcpClient();
            serve(client);
        }
        while (goesOn() || listener.Pending());

        listener.Stop();
    }
}
