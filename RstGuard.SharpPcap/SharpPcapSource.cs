using System.Diagnostics;
using SharpPcap;
using SharpPcap.LibPcap;

namespace RstGuard.Capture;

/// <summary>
/// Any SharpPcap device as a packet source: Npcap on Windows, libpcap on macOS and Linux, a capture file that libpcap reads. Packets
/// are pulled, so nothing is queued between the device's own buffer and the reader. It was run on Linux; Windows and macOS were not.
/// </summary>
/// <remarks>
/// On Linux's loopback interface, where each packet passes twice, libpcap leaves the outgoing copy out itself (pcap-linux.c,
/// linux_check_direction). The packet that <see cref="Read"/> gives is a copy in managed memory: libpcap's own is freed by a
/// <see cref="Dispose"/> on another thread, which the reader may not survive.
/// </remarks>
public sealed class SharpPcapSource : IPacketSource
{
    /// <summary>
    /// How long the kernel or the driver gathers packets before it hands them over, and, on devices without a descriptor to poll, how
    /// long one read lasts.
    /// </summary>
    private const int GatherMilliseconds = 10;

    /// <summary>How soon a waiting read notices that the source was disposed.</summary>
    private const int StepMilliseconds = 50;

    private const int LargestPacket = 16 * 1024 * 1024;

    private readonly object _gate = new();
    private readonly ICaptureDevice _device;
    private readonly PolledDevice? _polled;
    private readonly PacketDotNet.LinkLayers _layers;
    private readonly TimestampResolution _resolution;
    private byte[] _buffer;
    private long _number;
    private long _dropped;
    private uint _droppedCounter;
    private volatile bool _disposed;

    private SharpPcapSource(ICaptureDevice device, CaptureFilter filter, SharpPcapOptions options)
    {
        _device = device;
        _layers = device.LinkType;
        IsLive = device is not CaptureReaderDevice;
        if (!DeviceHeader.IsSupported(_layers))
        {
            throw new CaptureException(
                $"The device {device.Name} delivers packets of link type {_layers}, which is not decoded here. Capture on the interface that carries the IP packets, such as the loopback or an Ethernet one.");
        }

        uint? dropped = LossCounter.Read(device);
        if (IsLive && dropped is null)
        {
            throw new CaptureException(
                $"The device {device.Name} ({device.GetType().Name}) counts no lost packets, so a capture on it can't say that no reset was missed. Use a libpcap or Npcap device.");
        }

        string expression = FilterExpression.For(filter, _layers, device is LibPcapLiveDevice { Loopback: true });
        device.Filter = expression;
        _resolution = device.TimestampResolution;
        _droppedCounter = dropped ?? 0;
        _buffer = new byte[options.SnapLength];
        if (device is PolledDevice polled)
        {
            polled.NonBlockingMode = true;
            _polled = polled;
        }

        Detail = filter.Detail;
        Description = $"{device.Name} through SharpPcap and {Pcap.Version}, filter '{expression}'";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public bool IsLive { get; }

    /// <inheritdoc/>
    /// <remarks>A device that was open before is not told to cut packets; it delivers them as it was opened.</remarks>
    public CaptureDetail Detail { get; }

    /// <summary>Captures on the loopback interface.</summary>
    /// <param name="filter">What to capture; the kernel or the driver filters.</param>
    /// <param name="options">Buffer and packet size; null for the defaults.</param>
    /// <exception cref="CaptureUnavailableException">libpcap or Npcap, or the right to capture, is missing; the message has the remedy.</exception>
    /// <exception cref="CaptureException">The device could not be opened for another reason.</exception>
    public static SharpPcapSource OpenLoopback(CaptureFilter filter, SharpPcapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(filter);
        LibPcapLiveDevice? loopback;
        try
        {
            // A list of our own: the devices of LibPcapLiveDeviceList.Instance are shared with whoever else uses SharpPcap here.
            loopback = LibPcapLiveDeviceList.New().FirstOrDefault(device => device.Loopback);
        }
        catch (Exception exception) when (SharpPcapFailure.IsOne(exception))
        {
            throw SharpPcapFailure.Translate(exception, "The network devices could not be listed");
        }

        return loopback is null ? throw SharpPcapFailure.NoLoopback() : Open(loopback, filter, options);
    }

    /// <summary>
    /// Captures on <paramref name="device"/>, which the source owns from then on. A device that is not open is opened as
    /// <paramref name="options"/> say. One that is open keeps its settings; on Linux SharpPcap then waits in steps of 500 ms,
    /// so that <see cref="Read"/> may return, and <see cref="Dispose"/> end, that much late.
    /// </summary>
    /// <param name="device">A SharpPcap device that no background capture runs on.</param>
    /// <param name="filter">What to capture; replaces the device's own filter.</param>
    /// <param name="options">Buffer and packet size; null for the defaults.</param>
    /// <exception cref="CaptureUnavailableException">libpcap or Npcap, or the right to capture, is missing; the message has the remedy.</exception>
    /// <exception cref="CaptureException">The device could not be opened, has a link type that is not decoded, or counts no losses.</exception>
    /// <exception cref="InvalidOperationException">A background capture runs on the device.</exception>
    public static SharpPcapSource Open(ICaptureDevice device, CaptureFilter filter, SharpPcapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(filter);
        options ??= new SharpPcapOptions();
        options.Validate();
        if (device.Started)
        {
            throw new InvalidOperationException($"A background capture runs on {device.Name}; stop it first, two readers would share its packets.");
        }

        string failure = $"The capture on {device.Name} could not be opened";
        try
        {
            if (OperatingSystem.IsLinux() && device is LibPcapLiveDevice { Opened: false, Interface: { } pcapInterface } && device.GetType() == typeof(LibPcapLiveDevice))
            {
                device.Dispose();
                device = new PolledDevice(pcapInterface);
            }

            if (device is not PcapDevice { Opened: true })
            {
                device.Open(Configuration(options, filter.Detail));
            }

            return new SharpPcapSource(device, filter, options);
        }
        catch (Exception exception)
        {
            device.Dispose();
            if (SharpPcapFailure.IsOne(exception))
            {
                throw SharpPcapFailure.Translate(exception, failure);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>One reader at a time.</remarks>
    public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            GetPacketStatus status;
            lock (_gate)
            {
                if (_disposed)
                {
                    packet = default;
                    return ReadResult.Ended;
                }

                status = Next(out packet, out bool wanted);
                if (status == GetPacketStatus.PacketRead && wanted)
                {
                    return ReadResult.Packet;
                }
            }

            switch (status)
            {
                case GetPacketStatus.Error:
                    throw new CaptureException($"The capture on {_device.Name} broke: {_device.LastError}. Packets before that are complete; open it again to go on.");
                case GetPacketStatus.NoRemainingPackets:
                    return ReadResult.Ended;
                case GetPacketStatus.ReadTimeout:
                    TimeSpan left = timeout - Stopwatch.GetElapsedTime(started);
                    if (left <= TimeSpan.Zero)
                    {
                        return ReadResult.TimedOut;
                    }

                    // Outside the lock, so that statistics and disposal never wait for a packet. A device without a
                    // descriptor has waited already.
                    _polled?.Wait((int)Math.Ceiling(Math.Min(left.TotalMilliseconds, StepMilliseconds)));
                    break;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Received is what <see cref="Read"/> delivered and what was lost: libpcap's own count means packets before the filter on some
    /// systems, and both copies of the loopback's packets on Linux. Dropped is libpcap's <c>ps_drop</c>, which counts copies that are
    /// left out too and so is never too low; what the network card itself lost SharpPcap does not tell.
    /// </remarks>
    public CaptureStatistics GetStatistics()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                ReadDropped();
            }

            return new CaptureStatistics(_number + _dropped, _dropped);
        }
    }

    /// <summary>Ends a pending read and closes the device; the statistics stay readable.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            try
            {
                ReadDropped();
            }
            finally
            {
                _disposed = true;
                _device.Dispose();
            }
        }
    }

    private static DeviceConfiguration Configuration(SharpPcapOptions options, CaptureDetail detail)
    {
        DeviceConfiguration configuration = new()
        {
            Mode = options.Promiscuous ? DeviceModes.Promiscuous : DeviceModes.None,
            ReadTimeout = GatherMilliseconds,
            Snaplen = detail == CaptureDetail.Packets ? options.SnapLength : Math.Min(options.SnapLength, CaptureFilter.HeadersLength),
            BufferSize = options.BufferBytes,
            TimestampResolution = TimestampResolution.Nanosecond,

            // Not Immediate: libpcap then leaves TPACKET_V3 for a ring of fixed 64 KiB slots, which holds some 250 packets of the
            // loopback in 16 MiB instead of as many as fit.
        };
        configuration.ConfigurationFailed += (_, failed) =>
        {
            // Not every system has nanoseconds; the resolution that applies is read back after opening.
            if (failed.Property != nameof(DeviceConfiguration.TimestampResolution))
            {
                throw new CaptureException($"The device refused {failed.Property}: {failed.Message} ({failed.Error}).");
            }
        };
        return configuration;
    }

    private GetPacketStatus Next(out CapturedPacket packet, out bool wanted)
    {
        packet = default;
        wanted = false;
        if (_polled is not null)
        {
            IntPtr header = IntPtr.Zero;
            IntPtr data = IntPtr.Zero;
            GetPacketStatus status = (GetPacketStatus)_polled.GetNextPacketPointers(ref header, ref data);
            if (status == GetPacketStatus.PacketRead)
            {
                PcapHeader parsed = PcapHeader.FromPointer(header, _resolution);
                wanted = TryTake(Bytes(data, parsed.CaptureLength), parsed, out packet);
            }

            return status;
        }

        GetPacketStatus pulled = _device.GetNextPacket(out PacketCapture capture);
        if (pulled == GetPacketStatus.PacketRead)
        {
            wanted = TryTake(capture.Data, capture.Header, out packet);
        }

        return pulled;
    }

    private static unsafe ReadOnlySpan<byte> Bytes(IntPtr data, uint length) =>
        length <= LargestPacket
            ? new ReadOnlySpan<byte>((void*)data, (int)length)
            : throw new CaptureException($"libpcap gave a packet of {length} bytes; {LargestPacket} is the most that is read here.");

    private bool TryTake(ReadOnlySpan<byte> frame, ICaptureHeader header, out CapturedPacket packet)
    {
        packet = default;
        if (!DeviceHeader.TryStrip(_layers, frame, out int headerLength, out LinkType linkType, out int interfaceIndex))
        {
            return false;
        }

        if (frame.Length > _buffer.Length)
        {
            if (frame.Length > LargestPacket)
            {
                throw new CaptureException($"{_device.Name} gave a packet of {frame.Length} bytes; {LargestPacket} is the most that is read here.");
            }

            _buffer = new byte[frame.Length];
        }

        frame.CopyTo(_buffer);
        int wireLength = header is PcapHeader pcap ? (int)Math.Min(pcap.PacketLength, int.MaxValue) : frame.Length;
        packet = new CapturedPacket(
            _buffer.AsSpan(headerLength, frame.Length - headerLength),
            Math.Max(wireLength, frame.Length) - headerLength,
            (long)(header.Timeval.Value * 1_000_000_000m),
            linkType,
            interfaceIndex,
            ++_number);
        return true;
    }

    // A 32-bit counter since the device was opened: the difference is right across one wrap.
    private void ReadDropped()
    {
        try
        {
            if (LossCounter.Read(_device) is { } dropped)
            {
                _dropped += unchecked(dropped - _droppedCounter);
                _droppedCounter = dropped;
            }
        }
        catch (Exception exception) when (SharpPcapFailure.IsOne(exception))
        {
            throw SharpPcapFailure.Translate(exception, $"The loss count of {_device.Name} could not be read");
        }
    }
}
