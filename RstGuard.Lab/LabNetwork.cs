using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using RstGuard.Capture;
using RstGuard.Scenarios;

namespace RstGuard.Lab;

/// <summary>
/// A network namespace for one run: its loopback, packet filter and settings are nobody else's, and the kernel takes them away with it,
/// whatever ends this process. Members with "On its thread" must be called there.
/// </summary>
internal sealed class LabNetwork : IAsyncDisposable
{
    private static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(10);
    private static readonly Lazy<string?> Probed = new(Probe);
    private readonly NamespaceThread _thread;

    private LabNetwork(NamespaceThread thread, IPAddress near, IPAddress far, ScenarioOptions options)
    {
        _thread = thread;
        Near = new IPEndPoint(near, LoopbackPair.UniquePort(IPAddress.Loopback));
        Far = new IPEndPoint(far, LoopbackPair.UniquePort(IPAddress.Loopback));
        Options = options;
    }

    /// <summary>The kernel's end: an address of its own and a port.</summary>
    public IPEndPoint Near { get; }

    /// <summary>The other end, for a real socket or for a <see cref="ScriptedPeer"/>.</summary>
    public IPEndPoint Far { get; }

    /// <summary>How the scenario runs.</summary>
    public ScenarioOptions Options { get; }

    /// <summary>Whether the namespace is given, by having one made.</summary>
    public static ScenarioNeed Need { get; } = new("netns", () => Probed.Value);

    /// <summary>nftables.</summary>
    public static ScenarioNeed Nft { get; } = ScenarioNeed.Program("nft", "nftables");

    /// <summary>What gives interfaces their addresses and routes.</summary>
    public static ScenarioNeed Ip { get; } = ScenarioNeed.Program("ip", "iproute2");

    /// <summary>Makes one.</summary>
    /// <exception cref="CaptureException">The kernel refused.</exception>
    public static async Task<LabNetwork> CreateAsync(ScenarioOptions options)
    {
        NamespaceThread thread = await NamespaceThread.StartAsync().ConfigureAwait(false);
        try
        {
            byte[] net = [127, (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(0, 256), 1];
            LabNetwork network = options.Version6
                ? new(thread, IPAddress.Parse($"fd00:{net[1]:x}:{net[2]:x}::1"), IPAddress.Parse($"fd00:{net[1]:x}:{net[2]:x}::2"), options)
                : new(thread, new IPAddress(net), new IPAddress([.. net[..3], 2]), options);
            await network.InvokeAsync(() =>
            {
                if (options.Version6)
                {
                    // A local route stands at once. An address comes up later (addrconf_dad_work), and its route may be taken away once more.
                    Set("net.ipv6.ip_nonlocal_bind", "1");
                    network.Run("ip", "-6", "route", "add", "local", $"{network.Near.Address.ToString()[..^1]}/112", "dev", "lo");
                }
            }).ConfigureAwait(false);
            return network;
        }
        catch
        {
            thread.Dispose();
            throw;
        }
    }

    /// <summary>Does something on the namespace's thread.</summary>
    public Task InvokeAsync(Action work) => _thread.InvokeAsync(() =>
    {
        work();
        return true;
    });

    /// <inheritdoc cref="InvokeAsync(Action)"/>
    public Task<T> InvokeAsync<T>(Func<T> work) => _thread.InvokeAsync(work);

    /// <summary>On its thread: a stream socket with bounded waits.</summary>
    public Socket NewSocket() => new(Near.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = (int)LoopbackPair.Wait.TotalMilliseconds,
        SendTimeout = (int)LoopbackPair.Wait.TotalMilliseconds,
    };

    /// <summary>On its thread: a socket that listens at <see cref="Near"/>.</summary>
    public Socket Listen(int backlog = 4)
    {
        Socket listener = NewSocket();
        listener.Bind(Near);
        listener.Listen(backlog);
        return listener;
    }

    /// <summary>On its thread: a real connection from <see cref="Far"/> to <see cref="Near"/>.</summary>
    public (Socket Client, Socket Server) Connect(Socket listener)
    {
        Socket client = NewSocket();
        client.Bind(Far);
        client.Connect(Near);
        Socket server = listener.Accept();
        server.NoDelay = true;
        return (client, server);
    }

    /// <summary>On its thread: sets a kernel parameter of this namespace.</summary>
    public static void Set(string parameter, string value) => File.WriteAllText("/proc/sys/" + parameter.Replace('.', '/'), value);

    /// <summary>On its thread: adds rules to the input hook of this namespace.</summary>
    public void Filter(params string[] rules) =>
        Run("nft", $"table inet lab {{ chain input {{ type filter hook input priority 0; {string.Join("; ", rules)};\n}}\n}}");

    /// <summary>How nftables matches the destination of a packet.</summary>
    public static string To(IPEndPoint endPoint) =>
        $"{(endPoint.AddressFamily == AddressFamily.InterNetwork ? "ip" : "ip6")} daddr {endPoint.Address} tcp dport {endPoint.Port}";

    /// <summary>On its thread: runs a program in this namespace.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public void Run(string program, params string[] arguments) => RunProgram(program, arguments);

    /// <summary>Runs a program in the calling thread's namespace.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public static void RunProgram(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(ScenarioNeed.Find(program) ?? program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string error = process.StandardError.ReadToEnd();
        if (!process.WaitForExit(ProgramLimit))
        {
            process.Kill();
            throw new TimeoutException($"'{program}' did not end within {ProgramLimit.TotalSeconds} s.");
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' failed: {error.Trim()}");
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It does not within <see cref="LoopbackPair.Wait"/>.</exception>
    public static void WaitUntil(Func<bool> condition, string otherwise)
    {
        long deadline = Environment.TickCount64 + (long)LoopbackPair.Wait.TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException(otherwise);
            }

            Thread.Sleep(2);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _thread.Dispose();
        return default;
    }

    private static string? Probe()
    {
        try
        {
            NamespaceThread.StartAsync().GetAwaiter().GetResult().Dispose();
            return null;
        }
        catch (CaptureException exception)
        {
            return $"{exception.Message} Run as root, or inside 'unshare -Urn'.";
        }
    }
}
