using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RstGuard.Capture;
using RstGuard.Cli;
using RstGuard.Cli.Proving;

namespace RstGuard.Tests.Cli.Watching;

/// <summary><c>rstguard watch</c> over resets that are made while it watches.</summary>
[IntentionalReset("The resets here are made to be watched.")]
public sealed class WatchCommandTests
{
    [Fact]
    public async Task Json_IsALineForEachReset_AndCountEndsIt()
    {
        using Watched watched = Start(IPAddress.Parse("127.6.4.1"), "--count", "2", "--format", "json");
        await watched.Watching;
        string[] clients = [Reset(watched.Server), Reset(watched.Server)];
        Assert.Equal(0, await watched.ExitCode);
        JsonElement[] rows = [.. watched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement schema = JsonSchema.Documented("Resets").GetProperty("items");
        Assert.All(rows, row => Assert.Empty(JsonSchema.Violations(schema, row)));
        Assert.Equal(clients, rows.Select(row => row.GetProperty("from").GetString()));
        Assert.All(rows, row => Assert.Contains("LingerZero", row.GetProperty("candidates").EnumerateArray().Select(cause => cause.GetString())));
        Assert.Contains("2 resets in", watched.Error);
    }

    [Fact]
    public async Task Text_TellsWhoAndWhy_AndInterruptionEndsItWithTheSummary()
    {
        using Watched watched = Start(IPAddress.Parse("127.6.4.2"));
        await watched.Watching;
        string client = Reset(watched.Server);
        await watched.Told($"{client} reset {watched.Server.LocalEndpoint}: ");
        watched.Interrupt();
        Assert.Equal(0, await watched.ExitCode);
        Assert.Contains("1 reset in", watched.Output);
        Assert.DoesNotContain("reset in", watched.Error);
    }

    [Fact]
    public async Task Duration_EndsIt_AndNothingSeenIsSaid()
    {
        using Watched watched = Start(IPAddress.Parse("127.6.4.3"), "--duration", "0.1");
        Assert.Equal(0, await watched.ExitCode);
        Assert.StartsWith("0 resets in", watched.Output);
    }

    [Theory]
    [InlineData("--port", "0")]
    [InlineData("--port", "65536")]
    [InlineData("--duration", "0")]
    [InlineData("--count", "0")]
    public async Task OptionOutOfRange_IsWrongUse(params string[] options)
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(2, await Program.RunAsync(["watch", .. options], output, error, TestContext.Current.CancellationToken));
        Assert.Contains(options[0], error.ToString());
    }

    [Fact]
    public async Task InterfaceThatIsNotThere_IsNamed()
    {
        RequireCapture();
        using StringWriter output = new(), error = new();
        Assert.Equal(1, await Program.RunAsync(["watch", "-i", "lo", "-i", "nosuch0"], output, error, TestContext.Current.CancellationToken));
        Assert.Contains("'nosuch0'", error.ToString());
    }

    [Fact]
    public async Task WithoutThePrivilege_ItSaysWhatIsMissing_AndTheWayRound()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(), "only root can become somebody without the privilege");
        string[] line = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--", .. PrivateNamespace.Self(), "watch", "-i", "lo"];
        Assert.SkipUnless(await Readable(line[..7]), "another user can't read the folder that this was built in");
        using Process process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardError = true })!;
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, process.ExitCode);
        Assert.Contains("CAP_NET_RAW", error);
        Assert.Contains("tcpdump", error);
        Assert.Contains("rstguard test --", error);
    }

    private static async Task<bool> Readable(string[] asNobody)
    {
        using Process process = Process.Start(asNobody[0], [.. asNobody[1..], "test", "-r", typeof(Program).Assembly.Location]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode == 0;
    }

    private static void RequireCapture()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
    }

    // Returns the end that resets.
    private static string Reset(TcpListener server)
    {
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(server.LocalEndpoint);
        using Socket accepted = server.AcceptSocket();
        string end = client.LocalEndPoint!.ToString()!;
        client.LingerState = new LingerOption(true, 0);
        client.Close();
        return end;
    }

    private static Watched Start(IPAddress address, params string[] options)
    {
        RequireCapture();
        return new Watched(address, options);
    }

    private sealed class Watched : IDisposable
    {
        private readonly Listening _output = new(), _error = new();
        private readonly CancellationTokenSource _interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        public Watched(IPAddress address, string[] options)
        {
            Server = new TcpListener(address, 0);
            Server.Start();
            string port = ((IPEndPoint)Server.LocalEndpoint).Port.ToString();
            ExitCode = Task.Run(() => Program.RunAsync(["watch", "-i", "lo", "--port", port, .. options], _output, _error, _interrupt.Token));
        }

        public TcpListener Server { get; }

        public Task<int> ExitCode { get; }

        public Task Watching => _error.Written("watching lo");

        public string Output => _output.Text;

        public string Error => _error.Text;

        public Task Told(string text) => _output.Written(text);

        public void Interrupt() => _interrupt.Cancel();

        public void Dispose()
        {
            _interrupt.Cancel();
            Server.Dispose();
            _interrupt.Dispose();
        }
    }

    /// <summary>A writer that tells when something was written.</summary>
    private sealed class Listening : TextWriter
    {
        private readonly StringBuilder _text = new();
        private readonly List<(string Text, TaskCompletionSource Found)> _awaited = [];

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public Task Written(string text)
        {
            lock (_text)
            {
                TaskCompletionSource found = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _awaited.Add((text, found));
                Check();
                return found.Task.WaitAsync(TimeSpan.FromSeconds(30));
            }
        }

        public override void Write(char value)
        {
            lock (_text)
            {
                _text.Append(value);
                if (value == '\n')
                {
                    Check();
                }
            }
        }

        public override void Write(string? value)
        {
            lock (_text)
            {
                _text.Append(value);
                Check();
            }
        }

        private void Check()
        {
            string text = _text.ToString();
            foreach ((string awaited, TaskCompletionSource found) in _awaited)
            {
                if (text.Contains(awaited, StringComparison.Ordinal))
                {
                    found.TrySetResult();
                }
            }
        }
    }
}
