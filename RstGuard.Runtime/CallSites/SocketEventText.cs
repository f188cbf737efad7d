using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace RstGuard.CallSites;

/// <summary>What one text of the runtime's socket event source says.</summary>
internal enum SocketEventKind
{
    /// <summary>Nothing that concerns a close.</summary>
    Other = 0,

    /// <summary>A handle came into being with its descriptor: a new socket, or an accepted one.</summary>
    HandleCreated,

    /// <summary>Some socket has connected; which handle it has is not told.</summary>
    Connected,

    /// <summary><c>Socket.Dispose</c> begins, with the close timeout that was asked for.</summary>
    DisposeBegins,

    /// <summary><c>SafeSocketHandle.CloseAsIs</c>: the socket is whole still, nothing has been done to it.</summary>
    CloseAsIs,

    /// <summary><c>SafeSocketHandle.CloseHandle</c> with the descriptor; pending calls have been cancelled already.</summary>
    CloseHandle,

    /// <summary>The runtime set SO_LINGER {1,0}: it chose an abortive close.</summary>
    LingerZeroSet,

    /// <summary>The runtime leaves the socket as it is.</summary>
    NonAbortive,

    /// <summary>The descriptor is closed.</summary>
    DescriptorClosed,
}

/// <summary>
/// Reads the texts of the event source <c>Private.InternalDiagnostics.System.Net.Sockets</c>. They are no contract of the
/// runtime, so whatever does not read exactly as measured on .NET 10.0.12 is <see cref="SocketEventKind.Other"/>, and
/// <see cref="SocketEventLog"/> tries at its start whether they still say what is needed.
/// </summary>
/// <param name="Kind">What it says.</param>
/// <param name="Handle">The hash code of the SafeSocketHandle, 0 where none is named.</param>
/// <param name="Descriptor">The descriptor, -1 where none is named.</param>
/// <param name="Abortive">For <see cref="SocketEventKind.CloseAsIs"/>, whether an abortive close was asked for.</param>
/// <param name="Timeout">For <see cref="SocketEventKind.DisposeBegins"/>, the close timeout in milliseconds, -1 for none.</param>
internal readonly record struct SocketEventText(SocketEventKind Kind, int Handle, int Descriptor, bool Abortive, int Timeout)
{
    private const string HandleType = "SafeSocketHandle";

    /// <summary>Reads one event of three strings.</summary>
    /// <param name="subject">The object, as <c>SafeSocketHandle#1234</c>.</param>
    /// <param name="member">The member that wrote it.</param>
    /// <param name="message">What it wrote.</param>
    public static SocketEventText Parse(string? subject, string? member, string? message)
    {
        if (message is null)
        {
            return default;
        }

        switch (member)
        {
            case "CreateSocket" or "Accept" when TryHandleAndDescriptor(message, out int created, out int fd):
                return new SocketEventText(SocketEventKind.HandleCreated, created, fd, false, 0);

            case "SetToConnected":
                return new SocketEventText(SocketEventKind.Connected, 0, -1, false, 0);

            case "Dispose" when After(message, "timeout = ") is { } text
                && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int timeout):
                return new SocketEventText(SocketEventKind.DisposeBegins, 0, -1, false, timeout);

            case "CloseAsIs" when TryHandle(subject, out int closing):
                if (message.StartsWith("abortive=True,", StringComparison.Ordinal))
                {
                    return new SocketEventText(SocketEventKind.CloseAsIs, closing, -1, true, 0);
                }

                return message.StartsWith("abortive=False,", StringComparison.Ordinal)
                    ? new SocketEventText(SocketEventKind.CloseAsIs, closing, -1, false, 0)
                    : default;

            case "CloseHandle" when TryHandle(subject, out int closed):
                if (After(message, "handle:0x") is { } hex
                    && int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int descriptor))
                {
                    return new SocketEventText(SocketEventKind.CloseHandle, closed, descriptor, false, 0);
                }

                return message.Contains(", close():", StringComparison.Ordinal)
                    ? new SocketEventText(SocketEventKind.DescriptorClosed, closed, -1, false, 0)
                    : default;

            case "DoCloseHandle" when TryHandle(subject, out int doing):
                // As Unix and as Windows have it (SafeSocketHandle.Unix.cs and .Windows.cs); Windows was not run.
                if (message.Contains(", setsockopt():SUCCESS", StringComparison.OrdinalIgnoreCase))
                {
                    return new SocketEventText(SocketEventKind.LingerZeroSet, doing, -1, true, 0);
                }

                return message.Contains("'non-abortive' branch", StringComparison.Ordinal) || message.Contains("'blockable' branch", StringComparison.Ordinal)
                    ? new SocketEventText(SocketEventKind.NonAbortive, doing, -1, false, 0)
                    : default;

            default:
                return default;
        }
    }

    /// <summary>
    /// Reads an address as the public source <c>System.Net.Sockets</c> writes it (<see cref="System.Net.SocketAddress.ToString"/>):
    /// <c>InterNetwork:16:{31,144,127,0,0,1,0,0,0,0,0,0,0,0}</c>, the bytes that follow the family.
    /// </summary>
    public static bool TryParseAddress(string text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        int open = text.IndexOf('{', StringComparison.Ordinal);
        bool version6 = text.StartsWith("InterNetworkV6:", StringComparison.Ordinal);
        if (open < 0 || text[^1] != '}' || (!version6 && !text.StartsWith("InterNetwork:", StringComparison.Ordinal)))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[26];
        int count = 0;
        for (int number = 0, i = open + 1; i < text.Length && count < bytes.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                number = Math.Min((number * 10) + text[i] - '0', 256);
            }
            else
            {
                if (number > byte.MaxValue)
                {
                    return false;
                }

                bytes[count++] = (byte)number;
                number = 0;
            }
        }

        // sockaddr_in: port, address; sockaddr_in6: port, flow, address, scope.
        if (count < (version6 ? 22 : 6))
        {
            return false;
        }

        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        endpoint = SocketState.Normalize(new IPEndPoint(new IPAddress(version6 ? bytes.Slice(6, 16) : bytes.Slice(2, 4)), port));
        return true;
    }

    // SafeSocketHandle#1234
    private static bool TryHandle(string? subject, out int handle)
    {
        handle = 0;
        return subject is not null
            && subject.Length > HandleType.Length
            && subject.StartsWith(HandleType, StringComparison.Ordinal)
            && subject[HandleType.Length] == '#'
            && int.TryParse(subject.AsSpan(HandleType.Length + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out handle);
    }

    // SafeSocketHandle:1234(0x3A)
    private static bool TryHandleAndDescriptor(string message, out int handle, out int descriptor)
    {
        handle = 0;
        descriptor = -1;
        int open = message.IndexOf("(0x", StringComparison.Ordinal);
        return open > HandleType.Length
            && message[^1] == ')'
            && message.StartsWith(HandleType, StringComparison.Ordinal)
            && message[HandleType.Length] == ':'
            && int.TryParse(message.AsSpan(HandleType.Length + 1, open - HandleType.Length - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out handle)
            && int.TryParse(message.AsSpan(open + 3, message.Length - open - 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out descriptor);
    }

    private static string? After(string message, string prefix) =>
        message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : null;
}
