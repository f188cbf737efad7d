using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using FieldNotes;

// What software that nobody here wrote resets, in ordinary use and at its end: docs/field-notes.md. Servers run on loopback, in directories of
// their own, and end with this program. Usage: FieldNotes [http] [postgres] [redis]
string[] wanted = args.Length > 0 ? args : ["http", "postgres", "redis"];
Console.WriteLine($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
if (wanted.Contains("http"))
{
    Console.WriteLine($"\n# Kestrel {VersionOf(typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer))} and HttpClient");
    await HttpObservations.RunAsync();
}

if (wanted.Contains("postgres"))
{
    string? programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(Directory.Exists).Order().LastOrDefault()
        : null;
    if (programs is null)
    {
        Console.WriteLine("\n# PostgreSQL is not installed: apt-get install postgresql");
    }
    else
    {
        Console.WriteLine($"\n# Npgsql {VersionOf(typeof(Npgsql.NpgsqlConnection))} and {Version($"{programs}/postgres")}");
        await PostgresObservations.RunAsync(programs, "postgres");
    }
}

if (wanted.Contains("redis"))
{
    Console.WriteLine($"\n# {Version("redis-server")}");
    await RedisObservations.RunAsync();
}

static string VersionOf(Type type) =>
    type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

static string Version(string program)
{
    using Process process = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true })!;
    return process.StandardOutput.ReadToEnd().Trim();
}
