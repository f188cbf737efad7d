using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace RstGuard.Tests.Monitoring;

/// <summary>
/// An OTLP receiver over HTTP (opentelemetry-proto, <c>collector/metrics/v1/metrics_service.proto</c>) that understands what a counter is: the protocol
/// buffers are read by field number, so that nothing of the exporter is used to check the exporter.
/// </summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Point> _points = [];
    private readonly Task _serving;

    public OtlpReceiver(int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}/v1/metrics");
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public Uri Address { get; }

    /// <summary>Each data point of each sum that was received.</summary>
    public IReadOnlyCollection<Point> Points => _points;

    /// <summary>The content types that were received.</summary>
    public ConcurrentBag<string> ContentTypes { get; } = [];

    public void Dispose()
    {
        // Close after Stop would listen again for a moment (HttpEndPointManager.RemovePrefixInternal), and fail where the port is still held by a
        // child process that is being started.
        _listener.Close();
        Assert.True(_serving.Wait(TimeSpan.FromSeconds(10)));
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (HttpListenerException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            using MemoryStream body = new();
            await context.Request.InputStream.CopyToAsync(body);
            ContentTypes.Add(context.Request.ContentType ?? "");
            foreach (Point point in Read(body.ToArray()))
            {
                _points.Enqueue(point);
            }

            // An empty ExportMetricsServiceResponse.
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    private static IEnumerable<Point> Read(byte[] request)
    {
        foreach (Field resourceMetrics in Fields(request).Where(field => field.Number == 1))
        {
            foreach (Field scopeMetrics in Fields(resourceMetrics.Bytes).Where(field => field.Number == 2))
            {
                string scope = Fields(scopeMetrics.Bytes).Where(field => field.Number == 1).Select(field => Text(field.Bytes, 1)).FirstOrDefault("");
                foreach (Field metric in Fields(scopeMetrics.Bytes).Where(field => field.Number == 2))
                {
                    foreach (Field sum in Fields(metric.Bytes).Where(field => field.Number == 7))
                    {
                        foreach (Field point in Fields(sum.Bytes).Where(field => field.Number == 1))
                        {
                            Field[] parts = [.. Fields(point.Bytes)];
                            yield return new Point(
                                scope,
                                Text(metric.Bytes, 1),
                                Text(metric.Bytes, 3),
                                parts.Where(part => part.Number == 6).Select(part => (long)part.Value).Single(),
                                parts.Where(part => part.Number == 7).ToDictionary(
                                    part => Text(part.Bytes, 1),
                                    part => Text(Fields(part.Bytes).Single(field => field.Number == 2).Bytes, 1)));
                        }
                    }
                }
            }
        }
    }

    private static string Text(byte[] message, int number) =>
        Fields(message).Where(field => field.Number == number).Select(field => Encoding.UTF8.GetString(field.Bytes)).FirstOrDefault("");

    // https://protobuf.dev/programming-guides/encoding/: 0 is a varint, 1 eight bytes, 2 a length and so many bytes, 5 four bytes.
    private static IEnumerable<Field> Fields(byte[] message)
    {
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Varint(message, ref at);
            int number = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    yield return new Field(number, Varint(message, ref at), []);
                    break;
                case 1:
                    yield return new Field(number, BitConverter.ToUInt64(message, at), []);
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    yield return new Field(number, 0, message[at..(at + length)]);
                    at += length;
                    break;
                case 5:
                    yield return new Field(number, BitConverter.ToUInt32(message, at), []);
                    at += 4;
                    break;
                default:
                    throw new FormatException($"Wire type {key & 7} at {at}.");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[at++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    internal sealed record Point(string Scope, string Metric, string Unit, long Value, Dictionary<string, string> Attributes);

    private sealed record Field(int Number, ulong Value, byte[] Bytes);
}
