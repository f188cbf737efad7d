using System.Net;
using PacketDotNet;
using RstGuard.Capture;
using SharpPcap.LibPcap;

namespace RstGuard.Tests.Capture;

/// <summary>The capture contract over libpcap or Npcap; compiled with -p:UseSharpPcap=true.</summary>
public sealed class SharpPcapSourceTests : LivePacketSourceContract
{
    protected override byte Network => 1;

    [Fact]
    public void Description_NamesDeviceLibraryAndFilter()
    {
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(20)], Ports = [80] });
        Assert.Contains("pcap", source.Description);
        Assert.Contains("host 127.83.1.20", source.Description);
        Assert.True(source.IsLive);
    }

    [Fact]
    public void Filter_IsWrittenInLibpcapsLanguage()
    {
        CaptureFilter filter = new() { Addresses = [IPAddress.Parse("::ffff:127.0.0.2"), IPAddress.Parse("fe80::1%3")], Ports = [80, 443] };
        const string Tcp = "tcp and (host 127.0.0.2 or host fe80::1) and (port 80 or port 443)";
        const string Sentinel = "(udp[8:4] = 0x52737447 and udp[12:4] = 0x75617264)";

        Assert.Equal($"({Tcp}) or {Sentinel}", FilterExpression.For(filter, LinkLayers.Null, isLoopback: true));
        Assert.Equal($"({Tcp}) or {Sentinel} or (vlan and {Tcp})", FilterExpression.For(filter, LinkLayers.Ethernet, isLoopback: false));
        Assert.StartsWith("(tcp and ((ip and (tcp[13] & 7 != 0", FilterExpression.For(filter with { Detail = CaptureDetail.Light }, LinkLayers.Raw, isLoopback: true));
        Assert.Equal($"(tcp) or {Sentinel}", FilterExpression.For(new CaptureFilter(), LinkLayers.Raw, isLoopback: false));
    }

    [Fact]
    public void PortOutOfRange_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => FilterExpression.For(new CaptureFilter { Ports = [65536] }, LinkLayers.Raw, isLoopback: false));

    [Theory]
    [InlineData(LinkLayers.Null, "02000000", 4)]
    [InlineData(LinkLayers.Loop, "00000002", 4)]
    [InlineData(LinkLayers.Raw, "", 0)]
    [InlineData(LinkLayers.LinuxSll, "00000304000600000000000000000800", 16)]
    [InlineData(LinkLayers.LinuxSll, "0000030400060000000000000000810000050800", 20)]
    [InlineData(LinkLayers.LinuxSll2, "0800000000000007030400060000000000000000", 20)]
    public void LinkHeader_IsLeftOut(LinkLayers layers, string header, int length)
    {
        byte[] frame = [.. Convert.FromHexString(header), 0x45, 0x00];
        Assert.True(DeviceHeader.TryStrip(layers, frame, out int stripped, out LinkType linkType, out int interfaceIndex));
        Assert.Equal((length, LinkType.Raw), (stripped, linkType));
        Assert.Equal(layers == LinkLayers.LinuxSll2 ? 7 : 0, interfaceIndex);
    }

    [Theory]
    [InlineData(LinkLayers.Null)]
    [InlineData(LinkLayers.Raw)]
    [InlineData(LinkLayers.LinuxSll)]
    [InlineData(LinkLayers.LinuxSll2)]
    public void EveryCutOfAHeader_IsRefusedWithoutAnException(LinkLayers layers)
    {
        for (int length = 0; length < 24; length++)
        {
            Assert.False(DeviceHeader.TryStrip(layers, new byte[length], out _, out _, out _));
        }
    }

    [Fact]
    public void MissingLibrary_IsUnavailableWithRemedy()
    {
        CaptureException exception = SharpPcapFailure.Translate(new DllNotFoundException("wpcap"), "The capture could not be opened");
        Assert.NotEmpty(Assert.IsType<CaptureUnavailableException>(exception).Remedy);
    }

    [Fact]
    public void DeviceNotOpenYet_IsOpened()
    {
        RequireCapture();
        LibPcapLiveDevice loopback = LibPcapLiveDeviceList.New().First(device => device.Loopback);
        using SharpPcapSource first = SharpPcapSource.Open(loopback, new CaptureFilter { Addresses = [Address(21)] });
        Assert.StartsWith(loopback.Name, first.Description);
    }

    [Fact]
    public void DeviceOpenedByTheCaller_IsReadAsItIs()
    {
        RequireCapture();
        LibPcapLiveDevice device = LibPcapLiveDeviceList.New().First(candidate => candidate.Loopback);
        device.Open(new SharpPcap.DeviceConfiguration { ReadTimeout = 10 });
        using SharpPcapSource source = SharpPcapSource.Open(device, new CaptureFilter { Addresses = [Address(22)] });

        // Sentinels of captures that other tests have open may come; nothing else can.
        Assert.NotEqual(ReadResult.Ended, source.Read(out _, TimeSpan.FromMilliseconds(20)));
    }

    protected override IPacketSource Open(CaptureFilter filter)
    {
        RequireCapture();
        return SharpPcapSource.OpenLoopback(filter);
    }

    protected override IPacketSource OpenSmall(CaptureFilter filter)
    {
        RequireCapture();
        return SharpPcapSource.OpenLoopback(filter, new SharpPcapOptions { BufferBytes = 64 * 1024 });
    }

    private static void RequireCapture()
    {
        string reason = "";
        try
        {
            SharpPcapSource.OpenLoopback(new CaptureFilter { Ports = [1] }).Dispose();
        }
        catch (CaptureUnavailableException exception)
        {
            reason = exception.Message;
        }

        Requirement.Check("capture", reason.Length == 0, reason);
    }
}
