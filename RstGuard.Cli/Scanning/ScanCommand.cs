using System.CommandLine;
using System.Diagnostics;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Cli.Proving;
using Spectre.Console;

namespace RstGuard.Cli.Scanning;

/// <summary><c>rstguard scan --loose DIR</c>: the analyzers over a folder of sources that need not build.</summary>
internal static class ScanCommand
{
    /// <summary>A fix was tried and is not safe.</summary>
    private const int UnsafeFix = 1;

    /// <summary>This machine lacks what a scan needs, as for <c>prove</c>.</summary>
    private const int Unavailable = 3;

    public static Command Create()
    {
        Option<DirectoryInfo> loose = new("--loose")
        {
            Description = "The folder of C# sources to scan. Nothing is restored or built; code that does not bind is passed over.",
            HelpName = "DIR",
            Required = true,
        };
        loose.AcceptExistingOnly();
        Option<string> format = new("--format")
        {
            Description = "text, or json: an array of findings on stdout and nothing else.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json");
        Option<string[]> define = new("--define")
        {
            Description = "A preprocessor symbol beside those of the newest .NET here, such as NETFRAMEWORK. May be given more than once.",
            HelpName = "SYM",
            DefaultValueFactory = _ => [],
        };
        define.Validators.Add(result =>
        {
            foreach (string symbol in result.Tokens.Select(t => t.Value).Where(s => !SyntaxFacts.IsValidIdentifier(s)))
            {
                result.AddError($"'{symbol}' is not a preprocessor symbol: letters, digits and underscores, no value.");
            }
        });

        Option<bool> verifyFixes = new("--verify-fixes")
        {
            Description = "Also tries the code fix of each finding, in memory: whether it compiles as before, ends the finding and adds none. Nothing is written.",
        };
        Command command = new("scan", "Finds the lines that reset a connection in C# sources.") { loose, format, define, verifyFixes };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(loose).FullName,
            parsed.GetRequiredValue(format) == "json",
            parsed.GetRequiredValue(define),
            parsed.GetValue(verifyFixes),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string root, bool asJson, string[] defines, bool verifyFixes, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (!ReferenceAssemblies.TryFind(out ReferenceAssemblies? assemblies, out string? problem))
        {
            await error.WriteLineAsync($"rstguard: {problem}");
            return Unavailable;
        }

        if (assemblies.AspNetCoreDirectory is null)
        {
            await error.WriteLineAsync($"rstguard: ASP.NET Core's reference assemblies for .NET {assemblies.Version.ToString(2)} were not found; code that uses them is not analysed.");
        }

        long start = Stopwatch.GetTimestamp();
        FixVerifier? fixVerifier = verifyFixes ? new(LooseScanner.ShippedAnalyzers, ProveCommand.Assemblies.Fixes()) : null;
        LooseScanner scanner = new(root, assemblies, LooseScanner.ShippedAnalyzers, defines, fixVerifier);
        ScanResult result = await WithProgressAsync(scanner, error, cancellationToken);
        foreach (string note in result.Notes)
        {
            await error.WriteLineAsync($"note: {PrintableText.Of(note)}");
        }

        foreach (Finding failure in result.Findings.Where(f => f.Id == Finding.AnalyzerFailure))
        {
            await error.WriteLineAsync($"error {failure.Id}: in {PrintableText.Of(failure.Path)}: {PrintableText.Of(failure.Message)}");
        }

        if (result.AnalyzerFailures > 0)
        {
            await error.WriteLineAsync($"rstguard: {result.AnalyzerFailures} analyzer failures; what those analyzers would have found is missing. Please report them.");
        }

        if (asJson)
        {
            await FindingsJson.WriteAsync(result.Findings, result.Fixes, output);
        }
        else
        {
            FindingsText.Write(result, root, Stopwatch.GetElapsedTime(start), ConsoleOver(output, Console.IsOutputRedirected || output != Console.Out));
        }

        return result.Fixes?.Values.Any(fix => fix is { IsSafe: false }) == true ? UnsafeFix : 0;
    }

    /// <summary>Progress is for eyes: on stderr, and only where that is a terminal.</summary>
    private static async Task<ScanResult> WithProgressAsync(LooseScanner scanner, TextWriter error, CancellationToken cancellationToken)
    {
        if (Console.IsErrorRedirected || error != Console.Error)
        {
            return await scanner.ScanAsync(null, cancellationToken);
        }

        return await ConsoleOver(error, isPlain: false).Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("Scanning");
            return await scanner.ScanAsync(new Report(task), cancellationToken);
        });
    }

    private static IAnsiConsole ConsoleOver(TextWriter writer, bool isPlain)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isPlain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isPlain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = isPlain ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (isPlain)
        {
            // Nobody's terminal: a line is a line.
            console.Profile.Width = int.MaxValue / 4;
        }

        return console;
    }

    // Progress<T> would report from the thread pool, after the bar is gone.
    private sealed class Report(ProgressTask task) : IProgress<(int Done, int All)>
    {
        void IProgress<(int Done, int All)>.Report((int Done, int All) value)
        {
            task.MaxValue = Math.Max(1, value.All);
            task.Value = value.Done;
        }
    }
}
