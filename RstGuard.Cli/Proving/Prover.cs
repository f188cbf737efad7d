using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Capture;

namespace RstGuard.Cli.Proving;

/// <summary>
/// Puts a program to the proof: compile, analyze, run under capture, fix, compile, analyze, run under capture. Only records; the
/// verdict is <see cref="ProofJudge"/>'s.
/// </summary>
/// <param name="analyzers">All of RstGuard's analyzers, so that another rule's word on the program is heard too.</param>
/// <param name="fixes">The code fixes under proof.</param>
/// <param name="wire">Opens a capture for each run.</param>
internal sealed class Prover(ImmutableArray<DiagnosticAnalyzer> analyzers, ImmutableArray<CodeFixProvider> fixes, IWire wire)
{
    /// <summary>Proves a rule by one of its programs.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="proof">The program.</param>
    /// <param name="progress">Told the name of each step as it begins.</param>
    /// <param name="cancellationToken">Ends the proof and kills its program.</param>
    public async Task<ProofRecord> ProveAsync(ProofRule rule, Proof proof, Action<string> progress, CancellationToken cancellationToken)
    {
        ProofRecord record = new() { Rule = rule, Proof = proof };
        SharedFramework? framework = proof.Framework is null ? null : SharedFramework.Find(proof.Framework);
        if (proof.Framework is not null && framework is null)
        {
            return record with
            {
                Missing = $"The program needs the shared framework {proof.Framework} {Environment.Version.ToString(2)}, which is not installed beside "
                    + $"{ProgramRun.DotnetHost()}. Install the ASP.NET Core runtime, or the SDK, which has it.",
            };
        }

        using AdhocWorkspace workspace = new();
        progress("compiling");
        ProofProject project = ProofProject.Create(workspace, proof);
        (record, ImmutableArray<Diagnostic> diagnostics) = await RunAsync(record, project, framework, isFlagged: true, progress, cancellationToken);

        // Where the rule is silent the fix has nothing to begin with; the judge says so.
        if (diagnostics.FirstOrDefault(d => d.Id == rule.Id) is not Diagnostic diagnostic)
        {
            return record;
        }

        progress("fixing");
        ProofProject changed;
        try
        {
            if (await project.FixAsync(diagnostic, fixes, cancellationToken) is (ProofProject repaired, string title))
            {
                changed = repaired;
                record = record with { FixTitle = title };
            }
            else if (proof.FixedSample is not null)
            {
                changed = project.WithSource(proof.SourceWithFixedSample());
                record = record with { IsFixedFromPage = true };
            }
            else
            {
                return record;
            }

            record = record with
            {
                FixedSource = await changed.SourceAsync(cancellationToken),
                Diff = await project.DiffAsync(changed, cancellationToken),
            };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return record with { Fixed = new() { Failure = $"The code fix threw {e.GetType().Name}: {e.Message}" } };
        }

        (record, _) = await RunAsync(record, changed, framework, isFlagged: false, progress, cancellationToken);
        return record;
    }

    private async Task<(ProofRecord Record, ImmutableArray<Diagnostic> Diagnostics)> RunAsync(
        ProofRecord record, ProofProject project, SharedFramework? framework, bool isFlagged, Action<string> progress, CancellationToken cancellationToken)
    {
        ProgramRecord program = new();
        ImmutableArray<Diagnostic> diagnostics = [];
        string? missing = record.Missing;
        try
        {
            byte[] assembly = await project.CompileAsync(cancellationToken);
            progress(isFlagged ? "analyzing" : "analyzing the fixed program");
            diagnostics = await project.AnalyzeAsync(analyzers, cancellationToken);
            List<Finding> findings = [];
            foreach (Diagnostic diagnostic in diagnostics)
            {
                findings.Add(await project.DescribeAsync(diagnostic, cancellationToken));
            }

            program = program with { Findings = findings };

            // What there is to see is not to be seen here; whether the rule finds and repairs it is.
            if (record.Proof.RunsHere)
            {
                IPAddress address = UniqueLoopback();
                progress(isFlagged ? "waiting for the wire" : "waiting for the wire again");
                await using IWireCapture capture = await wire.StartAsync(address, cancellationToken);
                progress(isFlagged ? "running" : "running the fixed program");
                program = program with { Report = await ProgramRun.RunAsync(assembly, record.Rule.Id, framework, address, capture, cancellationToken) };
                program = program with { Wire = await capture.StopAsync(cancellationToken) };
            }
        }
        catch (ProgramFailedException e)
        {
            program = program with { Failure = e.Message };
        }
        catch (CaptureException e)
        {
            // Not to be had, or broken on the way: either way the wire was not seen.
            missing = e.Message;
        }

        return (isFlagged ? record with { Flagged = program, Missing = missing } : record with { Fixed = program, Missing = missing }, diagnostics);
    }

    // 127.128.0.0/9 has eight million addresses; two runs at a time on one of them are as good as impossible, and ports differ then.
    private static IPAddress UniqueLoopback()
    {
        Span<byte> address = [127, 0, 0, 0];
        RandomNumberGenerator.Fill(address[1..]);
        address[1] |= 128;
        address[3] = (byte)Math.Clamp(address[3], (byte)1, (byte)254);
        return new IPAddress(address);
    }
}
