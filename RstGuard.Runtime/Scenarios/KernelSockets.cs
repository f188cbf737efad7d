using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RstGuard.Scenarios;

/// <summary>What the Linux kernel does with a socket, seen and steered without privilege.</summary>
internal static class KernelSockets
{
    // Columns of /proc/net/tcp (get_tcp4_sock in net/ipv4/tcp_ipv4.c); no inode is 0 but that of a socket which no descriptor names any more.
    private const int QueuesField = 4;
    private const int InodeField = 9;

    /// <summary>Waits until the kernel has forgotten one end of a connection, orphaned sockets and TIME-WAIT included.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="LoopbackPair.Wait"/>.</exception>
    public static Task WaitUntilGoneAsync(IPEndPoint local, IPEndPoint remote) =>
        WaitAsync(() => !Exists(local, remote), $"The kernel still knows the connection from {local} to {remote}");

    /// <summary>
    /// Waits until no process holds one end of a connection. A child process holds a copy of every descriptor from fork until exec closes them
    /// (execve(2), O_CLOEXEC), and a socket whose last copy is still open is not closed: its FIN or reset comes later than <see cref="Socket.Close()"/> ends.
    /// </summary>
    /// <exception cref="TimeoutException">It did not within <see cref="LoopbackPair.Wait"/>.</exception>
    public static Task WaitUntilReleasedAsync(IPEndPoint local, IPEndPoint remote) =>
        WaitAsync(() => Row(local, remote) is not { } row || Field(row, InodeField) == "0", $"A process still holds the socket of {local} to {remote}");

    /// <summary>Whether a socket could be bound to an address that another one has just left; not while a child process holds a copy of that one.</summary>
    public static bool TryBind(Socket socket, IPEndPoint local)
    {
        try
        {
            socket.Bind(local);
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within <see cref="LoopbackPair.Wait"/>.</exception>
    public static async Task WaitAsync(Func<bool> condition, string otherwise)
    {
        long deadline = Environment.TickCount64 + (long)LoopbackPair.Wait.TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException($"{otherwise} after {LoopbackPair.Wait.TotalSeconds} s.");
            }

            await Task.Delay(5).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the calling thread's network namespace has such an end of a connection, in any state (proc(5), <c>/proc/net/tcp</c>).</summary>
    public static bool Exists(IPEndPoint local, IPEndPoint remote) => Row(local, remote) is not null;

    /// <summary>How many received bytes an end of a connection has not read.</summary>
    public static long UnreadBytes(IPEndPoint local, IPEndPoint remote) => Row(local, remote) is { } row
        ? long.Parse(Field(row, QueuesField).Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : 0;

    private static string Field(string row, int index) => row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[index];

    private static string? Row(IPEndPoint local, IPEndPoint remote)
    {
        string ends = $"{Format(local)} {Format(remote)} ";
        string table = local.AddressFamily == AddressFamily.InterNetwork ? "tcp" : "tcp6";
        return File.ReadLines("/proc/thread-self/net/" + table).FirstOrDefault(line => line.Contains(ends, StringComparison.Ordinal));
    }

    /// <summary>
    /// Makes a socket deaf until the result is disposed: a filter that takes nothing drops what arrives before TCP sees it
    /// (SO_ATTACH_FILTER, socket(7); Linux <c>tcp_filter</c>). To the other end the host is silent. A capture still shows the packets.
    /// </summary>
    public static IDisposable Deafen(Socket socket) => Attach(socket, [0x06]); // BPF_RET | BPF_K with length 0: struct sock_filter

    /// <summary>Makes a socket deaf to segments with FIN alone, as <see cref="Deafen"/> does to all.</summary>
    public static IDisposable DeafenToFin(Socket socket) => Attach(
        socket,
        [
            0x30 | (13UL << 32), // BPF_LD | BPF_B | BPF_ABS: the flags of the TCP header, with which a segment begins here
            0x45 | (1UL << 24) | (1UL << 32), // BPF_JMP | BPF_JSET: without FIN one further
            0x06,
            0x06 | (0xffff_ffffUL << 32),
        ]);

    private static unsafe Deafness Attach(Socket socket, ulong[] instructions)
    {
        const int AttachFilter = 26;
        fixed (ulong* first = instructions)
        {
            FilterProgram program = new() { Length = (ushort)instructions.Length, Instructions = first };
            socket.SetRawSocketOption(1, AttachFilter, new ReadOnlySpan<byte>(&program, sizeof(FilterProgram)));
        }

        return new Deafness(socket);
    }

    /// <summary>Sets an option that takes an integer.</summary>
    public static void SetOption(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    // Words in the machine's byte order, as the kernel prints them.
    private static string Format(IPEndPoint endPoint)
    {
        ReadOnlySpan<byte> address = endPoint.Address.GetAddressBytes();
        string text = "";
        for (; !address.IsEmpty; address = address[4..])
        {
            text += MemoryMarshal.Read<uint>(address).ToString("X8", CultureInfo.InvariantCulture);
        }

        return $"{text}:{endPoint.Port:X4}";
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct FilterProgram
    {
        public ushort Length;
        public ulong* Instructions;
    }

    private sealed class Deafness(Socket socket) : IDisposable
    {
        private const int DetachFilter = 27;

        public void Dispose()
        {
            if (!socket.SafeHandle.IsClosed)
            {
                SetOption(socket, 1, DetachFilter, 0);
            }
        }
    }
}
