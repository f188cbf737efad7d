using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RstGuard.Lab;

/// <summary>A socket's numbers, read and chosen in repair mode (TCP_REPAIR, Linux <c>net/ipv4/tcp.c</c>). Takes CAP_NET_ADMIN in its namespace.</summary>
internal static class TcpRepair
{
    private const int TcpLevel = 6;
    private const int Repair = 19; // linux/tcp.h
    private const int RepairQueue = 20;
    private const int QueueSequence = 21;
    private const int OffWithoutProbe = -1;
    private const int ReceiveQueue = 1;
    private const int SendQueue = 2;

    /// <summary>The numbers that an open socket sends and expects next.</summary>
    public static (uint Next, uint Expected) NumbersOf(Socket socket)
    {
        Set(socket, Repair, 1);
        (uint, uint) numbers = (NumberOf(socket, SendQueue), NumberOf(socket, ReceiveQueue));
        Set(socket, Repair, OffWithoutProbe);
        return numbers;
    }

    /// <summary>Has a socket that is not connected yet begin with a number.</summary>
    public static void BeginAt(Socket socket, uint number)
    {
        Set(socket, Repair, 1);
        Set(socket, RepairQueue, SendQueue);
        Set(socket, QueueSequence, unchecked((int)number));
        Set(socket, Repair, OffWithoutProbe);
    }

    /// <summary>Closes a socket without a packet: its host has forgotten the connection.</summary>
    public static void Vanish(Socket socket)
    {
        Set(socket, Repair, 1);
        socket.Close();
    }

    private static uint NumberOf(Socket socket, int queue)
    {
        Set(socket, RepairQueue, queue);
        Span<byte> number = stackalloc byte[4];
        socket.GetRawSocketOption(TcpLevel, QueueSequence, number);
        return MemoryMarshal.Read<uint>(number);
    }

    private static void Set(Socket socket, int option, int value) => socket.SetRawSocketOption(TcpLevel, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
}
