using System.Diagnostics;
using Npgsql;

namespace FieldNotes;

/// <summary>Npgsql with a PostgreSQL server of its own, in a directory of its own.</summary>
internal static class PostgresObservations
{
    public static async Task RunAsync(string programs, string user)
    {
        string directory = Directory.CreateTempSubdirectory("rstguard-postgres-").FullName;
        int port = Observation.FreePort();
        try
        {
            Run("chown", user, directory);
            As(user, $"{programs}/initdb", "-D", $"{directory}/data", "-A", "trust", "-U", user, "--no-sync");

            string connection = $"Host=127.0.0.1;Port={port};Username={user};Database=postgres;Timeout=10";
            await WithServerAsync("20 commands over the pool; then the pool is cleared", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
                for (int i = 0; i < 20; i++)
                {
                    await using NpgsqlCommand command = source.CreateCommand("select 1");
                    await command.ExecuteScalarAsync();
                }
            });
            await WithServerAsync("A reader is disposed after the first of 100 000 rows", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
                await using NpgsqlCommand command = source.CreateCommand("select repeat('x', 100) from generate_series(1, 100000)");
                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
                await reader.ReadAsync();
            });
            await WithServerAsync("A command is cancelled by its token (Npgsql asks the server over a second connection)", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
                await using NpgsqlCommand command = source.CreateCommand("select pg_sleep(5)");
                using var limit = new CancellationTokenSource(300);
                try
                {
                    await command.ExecuteScalarAsync(limit.Token);
                }
                catch (OperationCanceledException)
                {
                }
            });
            await WithServerAsync("A command runs into CommandTimeout=1 (5 s of work)", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection + ";Command Timeout=1");
                await using NpgsqlCommand command = source.CreateCommand("select pg_sleep(5)");
                try
                {
                    await command.ExecuteScalarAsync();
                }
                catch (NpgsqlException)
                {
                }
            });
            await WithServerAsync("A command runs into CommandTimeout=1 with Cancellation Timeout=-1 (2 s of work)", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection + ";Command Timeout=1;Cancellation Timeout=-1");
                await using NpgsqlCommand command = source.CreateCommand("select pg_sleep(2)");
                try
                {
                    await command.ExecuteScalarAsync();
                }
                catch (NpgsqlException)
                {
                }

                await Task.Delay(1500);
            });
            foreach (string mode in new[] { "fast", "immediate" })
            {
                await WithServerAsync($"The server stops ({mode}) with an idle connection in the pool, which is then used", async () =>
                {
                    await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
                    await UseAsync(source);
                    Stop(mode);
                    await UseAsync(source);
                });
            }

            await WithServerAsync("The administrator ends the backend of an idle connection (pg_terminate_backend), which is then used", async () =>
            {
                await using NpgsqlDataSource source = NpgsqlDataSource.Create(connection);
                await using (NpgsqlConnection idle = await source.OpenConnectionAsync())
                await using (NpgsqlConnection other = await source.OpenConnectionAsync())
                {
                    await using NpgsqlCommand command = new($"select pg_terminate_backend({idle.ProcessID})", other);
                    await command.ExecuteScalarAsync();
                    await Task.Delay(300);
                }

                await UseAsync(source);
                await UseAsync(source);
            });

            async Task WithServerAsync(string name, Func<Task> act)
            {
                As(user, $"{programs}/pg_ctl", "-D", $"{directory}/data", "-w", "-l", $"{directory}/data/log", "-o", $"-p {port} -h 127.0.0.1 -k {directory}", "start");
                try
                {
                    await Observation.WatchAsync(name, port, async () =>
                    {
                        await act();
                        await Task.Delay(200);
                    });
                }
                finally
                {
                    Stop("fast");
                }
            }

            void Stop(string mode)
            {
                if (File.Exists($"{directory}/data/postmaster.pid"))
                {
                    As(user, $"{programs}/pg_ctl", "-D", $"{directory}/data", "-w", "-m", mode, "stop");
                }
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task UseAsync(NpgsqlDataSource source)
    {
        try
        {
            await using NpgsqlCommand command = source.CreateCommand("select 1");
            await command.ExecuteScalarAsync();
        }
        catch (NpgsqlException exception)
        {
            Console.WriteLine($"  (the client got {exception.InnerException?.GetType().Name ?? exception.SqlState}: {exception.Message})");
        }
    }

    private static void As(string user, string program, params string[] arguments) =>
        Run("setpriv", ["--reuid", user, "--regid", user, "--clear-groups", "--", program, .. arguments]);

    private static void Run(string program, params string[] arguments)
    {
        // pg_ctl's server keeps what it inherits open, so that no output is read here.
        using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null", program, .. arguments]) { WorkingDirectory = "/" })!;
        if (!process.WaitForExit(60_000))
        {
            process.Kill();
            throw new TimeoutException($"'{program}' did not end.");
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}.");
        }
    }
}
