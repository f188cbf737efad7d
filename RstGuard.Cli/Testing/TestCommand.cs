using System.CommandLine;
using System.ComponentModel;
using RstGuard.Capture;
using RstGuard.Cli.Proving;
using RstGuard.Lab;

namespace RstGuard.Cli.Testing;

/// <summary>
/// <c>rstguard test -- COMMAND</c>: runs a command in a network namespace of its own, where an ordinary user may capture. The command takes
/// this process's place, so that its exit code, its signals and its terminal are those of any other command.
/// </summary>
internal static class TestCommand
{
    public const string Name = "test";

    /// <summary>As env(1), nohup(1) and timeout(1) have it: what failed is this tool, not the command.</summary>
    private const int Failed = 125;
    private const int CanNotRun = 126;
    private const int NotFound = 127;

    private const string Note =
        "rstguard: the command has a network of its own, with loopback and nothing else. Restore and build before it: dotnet test --no-restore --no-build";

    public static Command Create()
    {
        Argument<string[]> command = new("COMMAND")
        {
            Description = "The command with its arguments, after --, such as: dotnet test --no-restore --no-build",
            Arity = ArgumentArity.OneOrMore,
        };
        Command test = new(Name, "Runs a command where it can capture without root: in a user and network namespace of its own.") { command };
        test.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetRequiredValue(command), parsed.InvocationConfiguration.Error, cancellationToken));
        return test;
    }

    private static async Task<int> RunAsync(string[] command, TextWriter error, CancellationToken cancellationToken)
    {
        if (PrivateNamespace.IsInside)
        {
            return await RunInsideAsync(command, error);
        }

        NamespaceAccess access = await PrivateNamespace.ProbeAsync(cancellationToken);
        if (access.Options is not { } options)
        {
            await error.WriteLineAsync($"rstguard: {PrintableText.Of(access.Reason)}");
            await error.WriteLineAsync("The command was not run: it could not have captured anything. " + NamespaceRemedy.Here());
            return Failed;
        }

        await error.WriteLineAsync(Note);
        await error.FlushAsync(cancellationToken);

        // A build server that was started outside would run the tests there.
        (string, string)[] variables =
        [
            (PrivateNamespace.Marker, "1"), ("DOTNET_CLI_USE_MSBUILD_SERVER", "0"), ("MSBUILDDISABLENODEREUSE", "1"),
        ];
        return await ReportAsync("unshare", ProcessImage.Replace(["unshare", .. options, "--", .. PrivateNamespace.Self(), Name, "--", .. command], variables), error);
    }

    private static async Task<int> RunInsideAsync(string[] command, TextWriter error)
    {
        try
        {
            LoopbackInterface.BringUp();
        }
        catch (CaptureException exception)
        {
            await error.WriteLineAsync($"rstguard: {exception.Message}");
            return Failed;
        }

        return await ReportAsync(command[0], ProcessImage.Replace(command, []), error);
    }

    private static async Task<int> ReportAsync(string program, int failure, TextWriter error)
    {
        await error.WriteLineAsync($"rstguard: '{PrintableText.Of(program)}' could not be run: {new Win32Exception(failure).Message}.");
        const int NoSuchFile = 2;
        return failure == NoSuchFile ? NotFound : CanNotRun;
    }
}
