using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace RstGuard.Benchmarks;

/// <summary>
/// Integration tests of an ASP.NET Core service, as a team has them: each starts the service with Kestrel on a port of its own, asks it over
/// a kept connection and over new ones, checks what comes back, and stops it; with a guard around it or something else.
/// </summary>
internal static class GuardedSuite
{
    /// <summary>Requests of one test.</summary>
    public const int Requests = Kept + Fresh;

    private const int Kept = 24;
    private const int Fresh = 12;

    /// <summary>What is around each test.</summary>
    internal enum Around
    {
        Nothing,

        /// <summary>A listener that has the runtime write its socket events, and does nothing with them.</summary>
        Events,
        Guard,
    }

    /// <summary>Runs so many tests.</summary>
    /// <returns>How long it took, and the processor time of the whole process meanwhile, in seconds.</returns>
    /// <exception cref="ResetGuardException">A connection was reset, or the guard can't tell.</exception>
    public static async Task<(double Seconds, double Processor)> RunAsync(int tests, Around around, CancellationToken cancellationToken)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long begun = Stopwatch.GetTimestamp();
        for (int test = 0; test < tests; test++)
        {
            if (around == Around.Guard)
            {
                await using ResetGuard guard = ResetGuard.Start();
                await TestAsync(cancellationToken);
                await guard.AssertNoResetsAsync(cancellationToken);
            }
            else
            {
                using IdleListener? listener = around == Around.Events ? new IdleListener() : null;
                await TestAsync(cancellationToken);
            }
        }

        return (Stopwatch.GetElapsedTime(begun).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    private static async Task TestAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/items/{id:int}", (int id) => new Item(id, $"item {id}", id * 0.5m));
        app.MapPost("/items", (Item item) => item with { Price = item.Price + 1 });
        await app.StartAsync(cancellationToken);
        Uri address = new(app.Urls.First());

        using (HttpClient client = new() { BaseAddress = address })
        {
            for (int id = 0; id < Kept; id++)
            {
                await AskAsync(client, id, cancellationToken);
            }
        }

        for (int id = 0; id < Fresh; id++)
        {
            using HttpClient client = new() { BaseAddress = address };
            await AskAsync(client, id, cancellationToken);
        }

        await app.StopAsync(cancellationToken);
    }

    private static async Task AskAsync(HttpClient client, int id, CancellationToken cancellationToken)
    {
        Item? item;
        if (id % 3 == 0)
        {
            using HttpResponseMessage response = await client.PostAsJsonAsync("/items", new Item(id, $"item {id}", (id * 0.5m) - 1), cancellationToken);
            item = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Item>(cancellationToken);
        }
        else
        {
            item = await client.GetFromJsonAsync<Item>($"/items/{id}", cancellationToken);
        }

        if (item != new Item(id, $"item {id}", id * 0.5m))
        {
            throw new InvalidOperationException($"The service answered {item} when it was asked for item {id}.");
        }
    }

    internal sealed record Item(int Id, string Name, decimal Price);
}
