using RstGuard.CallSites;

namespace RstGuard.Tests.CallSites;

/// <summary>The texts of .NET 10.0.12, and texts that are not theirs.</summary>
public sealed class SocketEventTextTests
{
    [Theory]
    [InlineData("(null)", "CreateSocket", "SafeSocketHandle:43942917(0x36)", SocketEventKind.HandleCreated, 43942917, 0x36)]
    [InlineData("(null)", "Accept", "SafeSocketHandle:21083178(0x39)", SocketEventKind.HandleCreated, 21083178, 0x39)]
    [InlineData("Socket#33476626", "Accept", "SRC:127.0.0.1:40743", SocketEventKind.Other, 0, 0)]
    [InlineData("Socket#23458411", "SetToConnected", "now connected", SocketEventKind.Connected, 0, -1)]
    [InlineData("SafeSocketHandle#2606490", "CloseAsIs", "abortive=False, shouldClose =True", SocketEventKind.CloseAsIs, 2606490, -1)]
    [InlineData("SafeSocketHandle#2606490", "CloseAsIs", "gently", SocketEventKind.Other, 0, 0)]
    [InlineData("SafeSocketHandle#2606490", "CloseHandle", "handle:0x39", SocketEventKind.CloseHandle, 2606490, 0x39)]
    [InlineData("SafeSocketHandle#2606490", "CloseHandle", "handle:57, close():SUCCESS", SocketEventKind.DescriptorClosed, 2606490, -1)]
    [InlineData("SafeSocketHandle#2606490", "DoCloseHandle", "handle:0x39 Following 'non-abortive' branch.", SocketEventKind.NonAbortive, 2606490, -1)]
    [InlineData("SafeSocketHandle#2606490", "DoCloseHandle", "handle:0x39, setsockopt():SUCCESS", SocketEventKind.LingerZeroSet, 2606490, -1)]
    [InlineData("SafeSocketHandle#2606490", "DoCloseHandle", "handle:0x39, setsockopt():EBADF", SocketEventKind.Other, 0, 0)]
    [InlineData("SafeSocketHandle#x", "CloseAsIs", "abortive=False, shouldClose =True", SocketEventKind.Other, 0, 0)]
    [InlineData(null, null, null, SocketEventKind.Other, 0, 0)]
    [InlineData("(null)", "CreateSocket", "SafeSocketHandle:(0x)", SocketEventKind.Other, 0, 0)]
    public void Text_IsRead(string? subject, string? member, string? message, object kind, int handle, int descriptor)
    {
        SocketEventText text = SocketEventText.Parse(subject, member, message);
        Assert.Equal((kind, handle, descriptor), (text.Kind, text.Handle, text.Descriptor));
    }

    [Theory]
    [InlineData("timeout = -1", -1)]
    [InlineData("timeout = 0", 0)]
    [InlineData("timeout = 300", 300)]
    public void CloseTimeout_IsRead(string message, int milliseconds)
    {
        SocketEventText text = SocketEventText.Parse("Socket#1", "Dispose", message);
        Assert.Equal((SocketEventKind.DisposeBegins, milliseconds), (text.Kind, text.Timeout));
    }
}
