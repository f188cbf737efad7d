using System.Net.Sockets;
using System.Text;

namespace FieldNotes;

/// <summary>Kestrel and HttpClient, HTTP/1.1 over loopback.</summary>
internal static class HttpObservations
{
    private static readonly byte[] OneMegabyte = new byte[1024 * 1024];

    public static async Task RunAsync()
    {
        await WithServerAsync("HttpClient, 20 requests and answers; then the client is disposed", async (app, port) =>
        {
            using var client = new HttpClient();
            for (int i = 0; i < 20; i++)
            {
                await client.GetStringAsync($"http://127.0.0.1:{port}/hello");
            }
        });
        await WithServerAsync("HttpClient posts 1 MiB that the endpoint does not read", async (app, port) =>
        {
            using var client = new HttpClient();
            using HttpResponseMessage response = await client.PostAsync($"http://127.0.0.1:{port}/ignore", new ByteArrayContent(OneMegabyte));
            await response.Content.ReadAsStringAsync();
        });
        await WithServerAsync("HttpClient posts 1 MiB to an endpoint that takes 1 KiB at the most (413)", async (app, port) =>
        {
            using var client = new HttpClient();
            try
            {
                using HttpResponseMessage response = await client.PostAsync($"http://127.0.0.1:{port}/small", new ByteArrayContent(OneMegabyte));
                Console.WriteLine($"  (the client got {(int)response.StatusCode})");
            }
            catch (HttpRequestException exception)
            {
                Console.WriteLine($"  (the client got {exception.InnerException?.GetType().Name ?? exception.Message})");
            }
        });
        await WithServerAsync("HttpClient reads the headers of a 64 MiB answer (ResponseHeadersRead) and disposes of it", async (app, port) =>
        {
            using var client = new HttpClient();
            using HttpResponseMessage response = await client.GetAsync($"http://127.0.0.1:{port}/large", HttpCompletionOption.ResponseHeadersRead);
        });
        await WithServerAsync("HttpClient gives a request up after 200 ms (cancelled) while the server still works on it", async (app, port) =>
        {
            using var client = new HttpClient();
            using var limit = new CancellationTokenSource(200);
            try
            {
                await client.GetStringAsync($"http://127.0.0.1:{port}/slow", limit.Token);
            }
            catch (OperationCanceledException)
            {
            }
        });
        await WithServerAsync("The endpoint calls HttpContext.Abort", async (app, port) =>
        {
            using var client = new HttpClient();
            try
            {
                await client.GetStringAsync($"http://127.0.0.1:{port}/abort");
            }
            catch (HttpRequestException)
            {
            }
        });
        await WithServerAsync("The endpoint throws after it has begun to answer", async (app, port) =>
        {
            using var client = new HttpClient();
            try
            {
                await client.GetStringAsync($"http://127.0.0.1:{port}/throw");
            }
            catch (HttpRequestException)
            {
            }
        });
        await WithServerAsync("A client sends what is no HTTP (400)", async (app, port) =>
        {
            using Socket socket = await Observation.ConnectAsync(port);
            socket.Send(Encoding.ASCII.GetBytes("what is this\r\n\r\n"));
            Observation.ReadToEnd(socket);
        });
        await WithServerAsync("A client closes while the server sends a 64 MiB answer", async (app, port) =>
        {
            using Socket socket = await Observation.ConnectAsync(port);
            socket.Send(Encoding.ASCII.GetBytes("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
            socket.Receive(new byte[1000]);
        });
        await WithServerAsync("The server stops (StopAsync) with an idle connection in HttpClient's pool", async (app, port) =>
        {
            using var client = new HttpClient();
            await client.GetStringAsync($"http://127.0.0.1:{port}/hello");
            await app.StopAsync();
        });
        await WithServerAsync("The server stops with a request under way, which it waits 300 ms for", async (app, port) =>
        {
            using var client = new HttpClient();
            Task<string> request = client.GetStringAsync($"http://127.0.0.1:{port}/slow");
            await Observation.UntilAsync(() => Slow > 0, "The request did not come.");
            using var limit = new CancellationTokenSource(300);
            try
            {
                await app.StopAsync(limit.Token);
                await request;
            }
            catch (HttpRequestException)
            {
            }
            catch (OperationCanceledException)
            {
            }
        });
    }

    private static int Slow;

    private static async Task WithServerAsync(string name, Func<WebApplication, int, Task> act)
    {
        int port = Observation.FreePort();
        Slow = 0;
        await Observation.WatchAsync(name, port, async () =>
        {
            WebApplicationBuilder builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
            await using WebApplication app = builder.Build();
            app.MapGet("/hello", () => "hello");
            app.MapPost("/ignore", () => "not read");
            app.MapPost("/small", async (HttpContext context) =>
            {
                context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = 1024;
                await context.Request.Body.CopyToAsync(Stream.Null);
            });
            app.MapGet("/large", async (HttpContext context) =>
            {
                for (int i = 0; i < 64; i++)
                {
                    await context.Response.Body.WriteAsync(OneMegabyte, context.RequestAborted);
                }
            });
            app.MapGet("/slow", async (HttpContext context) =>
            {
                Interlocked.Increment(ref Slow);
                await Task.Delay(3000, context.RequestAborted);
                return "slow";
            });
            app.MapGet("/abort", (HttpContext context) => context.Abort());
            app.MapGet("/throw", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("the beginning");
                await context.Response.Body.FlushAsync();
                throw new InvalidOperationException("The endpoint failed.");
            });
            await app.StartAsync();
            await act(app, port);
            await Task.Delay(300);
        });
    }
}
