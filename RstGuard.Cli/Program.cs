using System.CommandLine;
using RstGuard.Capture;
using RstGuard.Cli.Correlating;
using RstGuard.Cli.Explaining;
using RstGuard.Cli.Proving;
using RstGuard.Cli.Rules;
using RstGuard.Cli.Scanning;
using RstGuard.Cli.Scenarios;
using RstGuard.Cli.Testing;
using RstGuard.Cli.Watching;

namespace RstGuard.Cli;

/// <summary>The command line: each command is a class of its own with a <c>Create()</c>; this file joins them and settles the exit codes all share.</summary>
internal static class Program
{
    /// <summary>The user asked for something that does not exist: an unknown command, option or value.</summary>
    public const int WrongUse = 2;

    /// <summary>What a shell reports after Ctrl+C: 128 + SIGINT.</summary>
    private const int Interrupted = 130;

    public static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error);

    /// <summary>Runs one command line as <see cref="Main"/> does, with output and errors where the caller wants them.</summary>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        ParseResult parsed = CreateRoot().Parse(args);
        InvocationConfiguration configuration = new() { Output = output, Error = error, EnableDefaultExceptionHandler = false };
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(e => e.Message).Distinct())
            {
                await error.WriteLineAsync($"rstguard: {message}");
            }

            // The first word that was understood names the command whose help answers the question.
            string command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
            await error.WriteLineAsync($"Run 'rstguard {command}--help' to see what it takes.");
            return WrongUse;
        }

        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("rstguard: interrupted.");
            return Interrupted;
        }
        catch (Exception e) when (e is CaptureException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"rstguard: {e.Message}");
            return 1;
        }
    }

    private static RootCommand CreateRoot()
    {
        RootCommand root = new("Names the line of C# that resets a TCP connection, proves it on the wire, and proves that the fix ends it.");
        root.Subcommands.Add(RulesCommand.Create());
        root.Subcommands.Add(ProveCommand.Create());
        root.Subcommands.Add(ScanCommand.Create());
        root.Subcommands.Add(ScenariosCommand.Create());
        root.Subcommands.Add(ExplainCommand.Create());
        root.Subcommands.Add(TestCommand.Create());
        root.Subcommands.Add(CorrelateCommand.Create());
        root.Subcommands.Add(WatchCommand.Create());
        root.Subcommands.Add(ProbeCommand.Create());
        return root;
    }
}
