using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace FieldNotes;

/// <summary>A Redis server of its own, driven by redis-cli and by plain sockets.</summary>
internal static class RedisObservations
{
    public static async Task RunAsync()
    {
        await WithServerAsync("redis-cli: SET, GET and QUIT", port => Cli(port, "set a 1\nget a\nquit\n"));
        await WithServerAsync("redis-cli ends at the end of its input", port => Cli(port, "ping\n"));
        await WithServerAsync("A client sends PING, reads the answer, and closes", port => WithClient(port, socket =>
        {
            socket.Send("PING\r\n"u8);
            socket.Receive(new byte[100]);
        }));
        await WithServerAsync("A client sends 1 000 GETs of 10 kB values at once, reads the first answer, and closes", port => WithClient(port, socket =>
        {
            socket.Send(Encoding.ASCII.GetBytes("SET a " + new string('x', 10_000) + "\r\n"));
            socket.Receive(new byte[100]);
            socket.Send(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET a\r\n", 1000))));
            socket.Receive(new byte[100]);
        }));
        await WithServerAsync("A client subscribes and closes; then there is a message", async port =>
        {
            using (Socket subscriber = await Observation.ConnectAsync(port))
            {
                subscriber.Send("SUBSCRIBE news\r\n"u8);
                subscriber.Receive(new byte[100]);
            }

            using Socket other = await Observation.ConnectAsync(port);
            other.Send("PUBLISH news hello\r\n"u8);
            other.Receive(new byte[100]);
        });
        await WithServerAsync("The server has as many clients as it takes (maxclients 1), and another one sends a command", async port =>
        {
            using Socket first = await Observation.ConnectAsync(port);
            first.Send("PING\r\n"u8);
            first.Receive(new byte[100]);
            using Socket second = await Observation.ConnectAsync(port);
            second.Send("PING\r\n"u8);
            Console.WriteLine($"  (the second client got {Observation.ReadToEnd(second)})");
        }, "--maxclients", "1");
        await WithServerAsync("A client is ended by CLIENT KILL, with nothing under way", async port =>
        {
            using Socket victim = await Observation.ConnectAsync(port);
            victim.Send("CLIENT ID\r\n"u8);
            byte[] answer = new byte[100];
            string id = Encoding.ASCII.GetString(answer, 0, victim.Receive(answer)).Trim(':', '\r', '\n');
            await Cli(port, $"client kill id {id}\n");
            Console.WriteLine($"  (the client got {Observation.ReadToEnd(victim)})");
        });
        await WithServerAsync("A client is idle for longer than the server's timeout of 1 s, and then sends two commands", async port =>
        {
            using Socket idle = await Observation.ConnectAsync(port);
            idle.Send("PING\r\n"u8);
            idle.Receive(new byte[100]);
            await Observation.UntilAsync(() => idle.Poll(0, SelectMode.SelectRead), "The server did not end it.");
            idle.Send("PING\r\n"u8);
            await Task.Delay(100);
        }, "--timeout", "1");
        await WithServerAsync("The server shuts down (SHUTDOWN NOSAVE) with an idle client", async port =>
        {
            using Socket idle = await Observation.ConnectAsync(port);
            idle.Send("PING\r\n"u8);
            idle.Receive(new byte[100]);
            await Cli(port, "shutdown nosave\n");
            Console.WriteLine($"  (the client got {Observation.ReadToEnd(idle)})");
        });
        await WithServerAsync("A client that does not read is cut off at the limit of its output buffer (1 MB)", async port =>
        {
            using Socket slow = await Observation.ConnectAsync(port);
            slow.Send(Encoding.ASCII.GetBytes("SET a " + new string('x', 100_000) + "\r\n"));
            slow.Receive(new byte[100]);
            try
            {
                for (int i = 0; i < 300; i++)
                {
                    slow.Send("GET a\r\n"u8);
                }
            }
            catch (SocketException)
            {
                // Cut off meanwhile.
            }

            Console.WriteLine($"  (the client got {Observation.ReadToEnd(slow)})");
        }, "--client-output-buffer-limit", "normal 1000000 0 0");
    }

    private static async Task WithServerAsync(string name, Func<int, Task> act, params string[] options)
    {
        int port = Observation.FreePort();
        string directory = Directory.CreateTempSubdirectory("rstguard-redis-").FullName;
        ProcessStartInfo start = new("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory, "--logfile", $"{directory}/log", .. options]);
        using Process server = Process.Start(start)!;
        try
        {
            await Observation.UntilAsync(() => Observation.Accepts(port), "redis-server does not accept.");
            await Task.Delay(200);
            await Observation.WatchAsync(name, port, async () =>
            {
                await act(port);
                await Task.Delay(200);
            });
        }
        finally
        {
            if (!server.HasExited)
            {
                server.Kill();
            }

            await server.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task WithClient(int port, Action<Socket> act)
    {
        using Socket socket = await Observation.ConnectAsync(port);
        act(socket);
    }

    private static async Task Cli(int port, string input)
    {
        using Process cli = Process.Start(new ProcessStartInfo("redis-cli", ["-p", $"{port}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await cli.StandardInput.WriteAsync(input);
        cli.StandardInput.Close();
        await cli.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20));
        await cli.WaitForExitAsync();
    }
}
