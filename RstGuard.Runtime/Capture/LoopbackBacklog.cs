using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RstGuard.Capture;

/// <summary>
/// What is on its way through a loopback interface. The kernel queues a packet for the processor on which it was sent, and hands it on there: mostly within the
/// call that sends it, on a busy machine later (<c>process_backlog</c> in net/core/dev.c, run by ksoftirqd).
/// </summary>
internal static class LoopbackBacklog
{
    // What a packet makes its receiver send is captured while the packet is handed on; what that makes the other end send, a round later.
    private const int Rounds = 2;

    // 8192 processors, the most that Linux can be built for.
    private const int MaskWords = 128;

    /// <summary>Waits until each processor that this process may run on has handed on what was queued for it before the call. Not where packets are steered to other processors (RPS).</summary>
    /// <param name="limit">How long to wait at the most.</param>
    /// <returns>Whether all have; false also where it can't be told, as on other systems than Linux.</returns>
    public static Task<bool> DrainAsync(TimeSpan limit)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Task.FromResult(false);
        }

        TaskCompletionSource<bool> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // A thread of its own, because it moves from processor to processor.
        new Thread(() => done.SetResult(Drain(limit))) { IsBackground = true, Name = "RstGuard backlog" }.Start();
        return done.Task;
    }

    private static unsafe bool Drain(TimeSpan limit)
    {
        Stopwatch waited = Stopwatch.StartNew();
        ulong* allowed = stackalloc ulong[MaskWords];
        ulong* one = stackalloc ulong[MaskWords];
        nuint size = MaskWords * sizeof(ulong);
        new Span<ulong>(allowed, MaskWords).Clear();
        if (LinuxSystemCalls.GetAffinity(0, size, allowed) != 0)
        {
            return false;
        }

        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Connect(socket.LocalEndPoint!);
            byte[] datagram = new byte[1];
            for (int round = 0; round < Rounds; round++)
            {
                for (int processor = 0; processor < MaskWords * 64; processor++)
                {
                    ulong bit = 1UL << (processor % 64);
                    if ((allowed[processor / 64] & bit) == 0)
                    {
                        continue;
                    }

                    new Span<ulong>(one, MaskWords).Clear();
                    one[processor / 64] = bit;
                    if (LinuxSystemCalls.SetAffinity(0, size, one) != 0)
                    {
                        return false;
                    }

                    // The datagram queues up behind what was there before it.
                    socket.Send(datagram);
                    TimeSpan left = limit - waited.Elapsed;
                    if (left <= TimeSpan.Zero || !socket.Poll(left, SelectMode.SelectRead))
                    {
                        return false;
                    }

                    socket.Receive(datagram);
                }
            }

            return true;
        }
        catch (SocketException)
        {
            // No loopback address, or a packet filter that refuses the datagram.
            return false;
        }
    }
}
