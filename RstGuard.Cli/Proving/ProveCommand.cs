using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using Spectre.Console;

namespace RstGuard.Cli.Proving;

/// <summary><c>rstguard prove [RULE…]</c>: shows for each rule that flagged code resets, and that its fix ends that.</summary>
internal static class ProveCommand
{
    private const int Failed = 1;
    private const int Unavailable = 3;

    /// <summary>Programs mostly wait for their peers, compilers never do; more than this and a program's waits would be for a processor.</summary>
    private static readonly int AtOnce = Math.Clamp(2 * Environment.ProcessorCount, 2, 8);

    /// <summary>Columns where nobody says how many there are, as in a file or a pipe.</summary>
    private const int RedirectedWidth = 120;

    /// <summary>The least privilege first.</summary>
    private const string Remedies =
        "Any one of these gives it: a user and network namespace of its own, with 'unshare' of util-linux in the PATH, "
        + "and where Ubuntu 24.04 and later restrict them with an AppArmor profile for the program or 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'; "
        + "CAP_NET_RAW for this one command: sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups --inh-caps=+net_raw --ambient-caps=+net_raw -- rstguard prove; "
        + "in a container: run it with --cap-add NET_RAW.";

    public static Command Create()
    {
        Argument<string[]> rules = new("RULE") { Description = "The rules to prove, such as RST1001; all where none is named.", Arity = ArgumentArity.ZeroOrMore };
        rules.Validators.Add(result =>
        {
            foreach (string unknown in result.Tokens.Select(token => token.Value).Where(id => Catalogue.Find(id.ToUpperInvariant()) is null))
            {
                result.AddError($"There is no rule '{unknown}'. The rules are {string.Join(", ", Catalogue.Rules.Select(rule => rule.Descriptor.Id))}.");
            }
        });
        Option<string> format = new("--format") { Description = "How to show the result: text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Command command = new("prove", "Runs each rule's program on loopback, flagged and fixed, and shows what the wire says.") { rules, format };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(rules)!,
            parsed.GetValue(format) == "json",
            parsed.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    /// <summary>0 nothing failed or unavailable, 1 something failed, 3 something unavailable.</summary>
    internal static int ExitCode(IEnumerable<ProofStatus> statuses)
    {
        List<ProofStatus> all = [.. statuses];
        return all.Contains(ProofStatus.Failed) ? Failed : all.Contains(ProofStatus.Unavailable) ? Unavailable : 0;
    }

    private static async Task<int> RunAsync(string[] ids, bool json, TextWriter output, CancellationToken cancellationToken)
    {
        NamespaceAccess access = new(null, "");
        if (PrivateNamespace.IsInside)
        {
            access = EnterLoopback();
        }
        else if ((access = await PrivateNamespace.ProbeAsync(cancellationToken)).Options is { } options)
        {
            return await PrivateNamespace.RunInsideAsync(
                options, ["prove", .. ids, "--format", json ? "json" : "text"], ReferenceEquals(output, Console.Out) ? null : output, cancellationToken);
        }

        List<(ProofRule Rule, IReadOnlyList<Proof> Programs)> chosen = Choose(ids);
        using KernelResetTrace? kernel = OpenKernelTrace();
        using LoopbackWire wire = PrivateNamespace.IsInside && access.Reason.Length == 0
            ? await LoopbackWire.CreatePrivateAsync(Math.Min(AtOnce, chosen.Sum(rule => rule.Programs.Count)), filter => Open(filter, access), kernel)
            : new LoopbackWire(filter => Open(filter, access), kernel);
        Prover prover = new(Assemblies.Analyzers(), Assemblies.Fixes(), wire);
        bool terminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;

        // A grid fills its lines with blanks, which nobody wants in a file.
        using StringWriter? unpadded = terminal ? null : new();
        IAnsiConsole console = CreateConsole(unpadded ?? output, terminal);
        List<RuleProof> proofs = json || !console.Profile.Capabilities.Interactive
            ? await ProveAllAsync(prover, chosen, (_, _) => { }, cancellationToken)
            : await console.Progress()
                .AutoClear(true)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ElapsedTimeColumn())
                .StartAsync(context =>
                {
                    Dictionary<string, ProgressTask> tasks = chosen.ToDictionary(
                        proof => proof.Rule.Id,
                        proof => context.AddTask(Markup.Escape($"{proof.Rule.Id} {proof.Rule.Title}: waiting")));
                    return ProveAllAsync(
                        prover,
                        chosen,
                        (rule, step) =>
                        {
                            tasks[rule.Id].Description = Markup.Escape($"{rule.Id} {rule.Title}: {step ?? "done"}");
                            tasks[rule.Id].Value = step is null ? tasks[rule.Id].MaxValue : tasks[rule.Id].Value;
                        },
                        cancellationToken);
                });
        if (json)
        {
            await output.WriteLineAsync(ProofJson.Write(proofs));
        }
        else
        {
            ProofTerminal shown = new(console);
            proofs.ForEach(shown.Show);
            shown.ShowTable(proofs);
            if (unpadded is not null)
            {
                await output.WriteAsync(string.Concat(unpadded.ToString().Split('\n').SkipLast(1).Select(line => line.TrimEnd() + "\n")));
            }
        }

        return ExitCode(proofs.Select(proof => proof.Status));
    }

    // The namespace is there; what it lacks is a capture's to tell.
    private static NamespaceAccess EnterLoopback()
    {
        try
        {
            LoopbackInterface.BringUp();
            return new(null, "");
        }
        catch (CaptureException e)
        {
            return new(null, e.Message);
        }
    }

    // Beside the verdicts and never needed for them: an ordinary user has none.
    internal static KernelResetTrace? OpenKernelTrace()
    {
        try
        {
            return Environment.IsPrivilegedProcess ? KernelResetTrace.Open() : null;
        }
        catch (CaptureUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Opens a capture, or says all that was tried and each way out.</summary>
    /// <exception cref="CaptureUnavailableException">There is no capture here.</exception>
    internal static IPacketSource Open(CaptureFilter filter, NamespaceAccess access)
    {
        if (PrivateNamespace.IsInside && access.Reason.Length > 0)
        {
            throw new CaptureUnavailableException(access.Reason, Remedies);
        }

        try
        {
            return LinuxPacketSocket.OpenLoopback(filter);
        }
        catch (CaptureUnavailableException e) when (OperatingSystem.IsLinux())
        {
            string reason = e.Message[..^(e.Remedy.Length + 1)];
            throw new CaptureUnavailableException(access.Reason.Length == 0 ? reason : $"{reason} {access.Reason}", Remedies, e);
        }
    }

    /// <summary>Each rule once, sorted by id, with its programs.</summary>
    /// <exception cref="InvalidOperationException">A rule has none; a test sees to it that each has.</exception>
    internal static List<(ProofRule Rule, IReadOnlyList<Proof> Programs)> Choose(IReadOnlyCollection<string> ids)
    {
        ILookup<string, Proof> proofs = Proof.All().ToLookup(proof => proof.Rule);
        return [.. Catalogue.Rules
            .Where(rule => ids.Count == 0 || ids.Contains(rule.Descriptor.Id, StringComparer.OrdinalIgnoreCase))
            .Select(rule => (
                new ProofRule(rule.Descriptor.Id, rule.Descriptor.Title.ToString(CultureInfo.CurrentUICulture), rule.Effect, rule.Causes),
                (IReadOnlyList<Proof>)[.. proofs[rule.Descriptor.Id]]))
            .Select(chosen => chosen.Item2.Count > 0 ? chosen : throw new InvalidOperationException($"{chosen.Item1.Id} has no proof."))];
    }

    private static async Task<List<RuleProof>> ProveAllAsync(
        Prover prover, List<(ProofRule Rule, IReadOnlyList<Proof> Programs)> chosen, Action<ProofRule, string?> progress, CancellationToken cancellationToken)
    {
        List<(ProofRule Rule, Proof Program)> programs = [.. chosen.SelectMany(rule => rule.Programs.Select(program => (rule.Rule, program)))];
        ProofRecord[] records = new ProofRecord[programs.Count];
        int[] left = [.. chosen.Select(rule => rule.Programs.Count)];
        await Parallel.ForAsync(0, programs.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            (ProofRule rule, Proof program) = programs[i];
            records[i] = await prover.ProveAsync(rule, program, step => progress(rule, step), token);
            if (Interlocked.Decrement(ref left[chosen.FindIndex(entry => entry.Rule == rule)]) == 0)
            {
                progress(rule, null);
            }
        });
        return [.. records
            .GroupBy(record => record.Rule)
            .Select(programs => new RuleProof(programs.Key, [.. programs.Select(record => (record, ProofJudge.Judge(record)))]))];
    }

    private static IAnsiConsole CreateConsole(TextWriter output, bool terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!terminal)
        {
            console.Profile.Width = RedirectedWidth;
        }

        return console;
    }

    /// <summary>What the shipped assemblies hold, found as a compiler and an editor find it.</summary>
    internal static class Assemblies
    {
        public static ImmutableArray<DiagnosticAnalyzer> Analyzers() => Instances<DiagnosticAnalyzer>(typeof(Catalogue).Assembly);

        public static ImmutableArray<CodeFixProvider> Fixes() => Instances<CodeFixProvider>(System.Reflection.Assembly.Load("RstGuard.CodeFixes"));

        private static ImmutableArray<T> Instances<T>(System.Reflection.Assembly assembly) =>
            [.. assembly.GetTypes()
                .Where(type => !type.IsAbstract && typeof(T).IsAssignableFrom(type))
                .OrderBy(type => type.FullName, StringComparer.Ordinal)
                .Select(type => (T)Activator.CreateInstance(type, nonPublic: true)!)];
    }
}
