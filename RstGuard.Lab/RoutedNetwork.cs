using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using RstGuard.Scenarios;

namespace RstGuard.Lab;

/// <summary>
/// Three network namespaces for one run: a client's and a server's, and between them a router with a packet filter of its own. The kernel takes
/// them away with the pairs of virtual interfaces that join them, whatever ends this process.
/// </summary>
internal sealed class RoutedNetwork : IAsyncDisposable
{
    /// <summary>The interface of the client and of the server.</summary>
    public const string Interface = "eth0";

    private readonly NamespaceThread[] _threads;
    private readonly string _network;

    private RoutedNetwork(NamespaceThread[] threads, ScenarioOptions options)
    {
        _threads = threads;
        Options = options;
        byte[] random = RandomNumberGenerator.GetBytes(2);
        _network = $"10.{random[0]}";
        string prefix = $"fd00:{BinaryPrimitives.ReadUInt16BigEndian(random):x}";
        bool version6 = options.Version6;
        Router = IPAddress.Parse($"{_network}.1.1");
        ClientAddress = IPAddress.Parse(version6 ? $"{prefix}:1::2" : $"{_network}.1.2");
        ServerEndPoint = new IPEndPoint(IPAddress.Parse(version6 ? $"{prefix}:2::2" : $"{_network}.2.2"), LoopbackPair.UniquePort(IPAddress.Loopback));
        FrontEndPoint = new IPEndPoint(IPAddress.Parse(version6 ? $"{prefix}:1::1" : $"{_network}.1.1"), ServerEndPoint.Port);
        BackAddress = IPAddress.Parse(version6 ? $"{prefix}:2::1" : $"{_network}.2.1");
    }

    /// <summary>How the scenario runs.</summary>
    public ScenarioOptions Options { get; }

    /// <summary>The client's address.</summary>
    public IPAddress ClientAddress { get; }

    /// <summary>Where the server listens.</summary>
    public IPEndPoint ServerEndPoint { get; }

    /// <summary>The router's own address on the client's side, and the server's port: where a load balancer is addressed.</summary>
    public IPEndPoint FrontEndPoint { get; }

    /// <summary>The router's IPv4 address on the client's side, over IPv6 too.</summary>
    public IPAddress Router { get; }

    private IPAddress BackAddress { get; }

    /// <summary>Makes one. The tracker of the router forgets a connection that idles for a second, and picks up none without its handshake.</summary>
    public static async Task<RoutedNetwork> CreateAsync(ScenarioOptions options)
    {
        List<NamespaceThread> threads = [];
        try
        {
            for (int i = 0; i < 3; i++)
            {
                threads.Add(await NamespaceThread.StartAsync().ConfigureAwait(false));
            }

            RoutedNetwork network = new([.. threads], options);
            await Task.Run(network.Join).ConfigureAwait(false);
            return network;
        }
        catch
        {
            foreach (NamespaceThread thread in threads)
            {
                thread.Dispose();
            }

            throw;
        }
    }

    /// <summary>Does something in the client's namespace.</summary>
    public T AtClient<T>(Func<T> work) => _threads[0].InvokeAsync(work).GetAwaiter().GetResult();

    /// <inheritdoc cref="AtClient{T}(Func{T})"/>
    public Task<T> AtClientAsync<T>(Func<T> work) => _threads[0].InvokeAsync(work);

    /// <summary>Does something in the server's namespace.</summary>
    public T AtServer<T>(Func<T> work) => _threads[2].InvokeAsync(work).GetAwaiter().GetResult();

    /// <summary>Gives the router a table of nftables.</summary>
    public void Filter(string chains) => At(1, () => LabNetwork.RunProgram("nft", $"table inet router {{ {chains}\n}}"));

    /// <summary>Has the router translate: who addresses it is led to the server, and the answers come in its name.</summary>
    public void BalanceLoad()
    {
        string family = Options.Version6 ? "ip6" : "ip";
        Filter($"chain out {{ type nat hook prerouting priority -100; {LabNetwork.To(FrontEndPoint)} dnat {family} to {ServerEndPoint.Address};\n}}");
    }

    /// <summary>Connects a client to an address of the router or the server.</summary>
    public (Socket Client, Socket Server) Connect(IPEndPoint to)
    {
        using Socket listener = AtServer(() =>
        {
            Socket listening = NewSocket();
            listening.Bind(ServerEndPoint);
            listening.Listen(1);
            return listening;
        });
        Socket client = AtClient(() =>
        {
            Socket connecting = NewSocket();
            connecting.Bind(new IPEndPoint(ClientAddress, 0));
            connecting.Connect(to);
            return connecting;
        });
        Socket server = listener.Accept();
        server.NoDelay = true;
        return (client, server);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (NamespaceThread thread in _threads)
        {
            thread.Dispose();
        }

        return default;
    }

    private Socket NewSocket() => new(ClientAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = (int)LoopbackPair.Wait.TotalMilliseconds,
        SendTimeout = (int)LoopbackPair.Wait.TotalMilliseconds,
    };

    private void At(int namespaceIndex, Action work) => _threads[namespaceIndex].InvokeAsync(() =>
    {
        work();
        return true;
    }).GetAwaiter().GetResult();

    private static void Ip(params string[] arguments) => LabNetwork.RunProgram("ip", arguments);

    private void Join()
    {
        bool version6 = Options.Version6;
        foreach (int i in new[] { 0, 1, 2 })
        {
            At(i, () =>
            {
                if (version6)
                {
                    // Duplicate address detection would keep an address from use for a second.
                    LabNetwork.Set("net.ipv6.conf.all.accept_dad", "0");
                    LabNetwork.Set("net.ipv6.conf.default.accept_dad", "0");
                }
            });
        }

        // A thread's namespace is named by the thread's number, as a process's by its own (namespaces(7)).
        int[] ids = [.. new[] { 0, 2 }.Select(i => _threads[i].InvokeAsync(() => int.Parse(Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!))).GetAwaiter().GetResult())];
        At(1, () =>
        {
            Ip("link", "add", "front", "type", "veth", "peer", "name", Interface, "netns", $"{ids[0]}");
            Ip("link", "add", "back", "type", "veth", "peer", "name", Interface, "netns", $"{ids[1]}");
            Ip("address", "add", $"{Router}/24", "dev", "front");
            Up("front", FrontEndPoint.Address);
            Up("back", BackAddress);
            LabNetwork.Set(version6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", "1");
        });
        foreach ((int i, IPAddress address, IPAddress gateway) in new[] { (0, ClientAddress, FrontEndPoint.Address), (2, ServerEndPoint.Address, BackAddress) })
        {
            At(i, () =>
            {
                if (i == 0 && version6)
                {
                    Ip("address", "add", $"{_network}.1.2/24", "dev", Interface);
                }

                Up(Interface, address);
                Ip("route", "add", "default", "via", gateway.ToString(), "dev", Interface);
            });
        }

        // An IPv6 address is not to be used until the kernel has worked on it (addrconf_dad_work), and a route not before its link has a carrier.
        foreach ((int i, IPAddress from, IPAddress to) in new[]
        {
            (0, ClientAddress, ServerEndPoint.Address), (1, FrontEndPoint.Address, ClientAddress), (1, BackAddress, ServerEndPoint.Address), (2, ServerEndPoint.Address, ClientAddress),
        })
        {
            At(i, () => LabNetwork.WaitUntil(() => HasRoute(from, to), $"The namespace got no route from {from} to {to}."));
        }

        At(1, () =>
        {
            LabNetwork.Set("net.netfilter.nf_conntrack_tcp_loose", "0");
            LabNetwork.Set("net.netfilter.nf_conntrack_tcp_timeout_established", "1");
        });

        void Up(string name, IPAddress address)
        {
            if (address.Equals(Router))
            {
                Ip("link", "set", name, "up");
                return;
            }

            Ip("address", "add", version6 ? $"{address}/64" : $"{address}/24", "dev", name);
            Ip("link", "set", name, "up");
        }
    }

    private static bool HasRoute(IPAddress from, IPAddress to)
    {
        using Socket probe = new(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            probe.Bind(new IPEndPoint(from, 0));
            probe.Connect(new IPEndPoint(to, 9));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.AddressNotAvailable)
        {
            return false;
        }
    }
}
