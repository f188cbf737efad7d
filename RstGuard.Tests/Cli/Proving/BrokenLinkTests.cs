using System.Collections.Immutable;
using System.Net;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Capture;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Cli.Proving;

/// <summary>The whole chain, run for real, with one link broken.</summary>
public sealed class BrokenLinkTests
{
    [Fact]
    public async Task LingerLineTakenOut_Fails()
    {
        Proof proof = Rst1001() with { Source = Rst1001().Source.Replace("        socket.LingerState = new LingerOption(true, 0);\n", "") };
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(proof));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("RST1001 was not reported", verdict.Note);
    }

    [Fact]
    public async Task AnalyzerOff_Fails()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), analyzers: []));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("RST1001 was not reported", verdict.Note);
    }

    [Fact]
    public async Task FixThatDoesNothing_Fails()
    {
        ProofRecord record = await ProveAsync(Rst1001(), fixes: [new NothingFix()]);
        Assert.NotEmpty(record.Fixed.Wire!.Resets);
        ProofVerdict verdict = ProofJudge.Judge(record);
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("changed nothing", verdict.Note);
    }

    [Fact]
    public async Task FixThatChangesAComment_Fails()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new CommentFix()]));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("After the fix RST1001", verdict.Note);
    }

    [Fact]
    public async Task PeerThatSwallowsBytes_Fails()
    {
        Proof proof = Rst1001() with { Source = Rst1001().Source.Replace("received += count;", "received += count / 2;") };
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(proof, fixes: [new RemovingFix()]));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("swallows bytes", verdict.Note);
    }

    [Fact]
    public async Task UnbrokenChain_IsProved()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new RemovingFix()]));
        Assert.Equal((ProofStatus.Proved, "Flagged, 4096 of 200000 bytes arrived and the connection was reset; fixed, all 200000 arrived and none was."), (verdict.Status, verdict.Note));
    }

    [Fact]
    public async Task DroppingCapture_IsUnavailable()
    {
        LoopbackWire wire = new(filter => new LossySource(LinuxPacketSocket.OpenLoopback(filter)));
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new RemovingFix()], wire: wire));
        Assert.Equal(ProofStatus.Unavailable, verdict.Status);
        Assert.Contains("not whole", verdict.Note);
    }

    [Fact]
    public async Task CaptureOfAnotherAddress_IsUnavailable()
    {
        LoopbackWire wire = new(_ => LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [IPAddress.Parse("127.99.99.99")] }));
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new RemovingFix()], wire: wire));
        Assert.Equal(ProofStatus.Unavailable, verdict.Status);
        Assert.Contains("saw nothing", verdict.Note);
    }

    [Fact]
    public async Task CaptureThatBreaks_IsUnavailable()
    {
        LoopbackWire wire = new(filter => new LossySource(LinuxPacketSocket.OpenLoopback(filter), new CaptureException("The interface is gone.")));
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new RemovingFix()], wire: wire));
        Assert.Equal((ProofStatus.Unavailable, "The interface is gone."), (verdict.Status, verdict.Note));
    }

    [Fact]
    public async Task FixThatThrows_Fails()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new ThrowingFix()]));
        Assert.Equal((ProofStatus.Failed, "The code fix threw NotSupportedException: no"), (verdict.Status, verdict.Note));
    }

    [Fact]
    public async Task Kernel_AgreesAndLeavesTheCandidatesAsTheyWere()
    {
        using KernelResetTrace? kernel = Environment.IsPrivilegedProcess ? ProveCommand.OpenKernelTrace() : null;
        Requirement.Check("oracle", kernel is not null, "the kernel's reset tracepoint needs root");
        ProofRecord record = await ProveAsync(Rst1001(), fixes: [new RemovingFix()], wire: new LoopbackWire(kernel: kernel));
        ResetVerdict reset = Assert.Single(record.Flagged.Wire!.Resets);
        Assert.True(reset.Kernel!.Agrees);
        Assert.True(reset.Kernel.Fits(ResetCause.LingerZero));
        Assert.False(reset.Kernel.Fits(ResetCause.DisconnectUnspec));
        Assert.Equal(ProofStatus.Proved, ProofJudge.Judge(record).Status);
    }

    [Fact]
    public async Task CaptureThatCannotBeOpened_IsUnavailableWithItsRemedy()
    {
        LoopbackWire wire = new(_ => throw new CaptureUnavailableException("It can't be had.", "Ask for it."));
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [new RemovingFix()], wire: wire, needsCapture: false));
        Assert.Equal((ProofStatus.Unavailable, "It can't be had. Ask for it."), (verdict.Status, verdict.Note));
    }

    [Fact]
    public async Task ProgramThatDoesNotCompile_Fails()
    {
        Proof proof = Rst1001() with { Source = Rst1001().Source + "}" };
        Assert.Contains("does not compile", ProofJudge.Judge(await ProveAsync(proof, needsCapture: false)).Note);
    }

    [Fact]
    public async Task ProgramThatCrashes_Fails()
    {
        Proof proof = Rst1001() with { Source = Rst1001().Source.Replace("using Socket peer = listener.Accept();", "using Socket peer = listener.Accept(); throw new InvalidOperationException();") };
        Assert.Contains("exit code", ProofJudge.Judge(await ProveAsync(proof)).Note);
    }

    [Fact]
    public async Task PagesSample_IsRunWhereNoFixIsOffered()
    {
        ProofRecord record = await ProveAsync(Rst1001() with { FixedSample = SampleWithoutLinger() }, fixes: []);
        ProofVerdict verdict = ProofJudge.Judge(record);
        Assert.Equal(ProofStatus.Proved, verdict.Status);
        Assert.Contains("with the page's sample (the rule has no code fix here), all 200000 arrived", verdict.Note);
        Assert.Contains("\n-        socket.LingerState", record.Diff);
        Assert.Contains("\"source\": \"page\"", ProofJson.Write([new(record.Rule, [(record, verdict)])]));
    }

    [Fact]
    public async Task PagesSampleThatStillResets_Fails()
    {
        string sample = Proof.SampleIn(Rst1001().Source).Replace("true, 0", "Environment.ProcessId > 0, Environment.ProcessId - Environment.ProcessId");
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001() with { FixedSample = sample }, fixes: []));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("After the fix a reset still comes", verdict.Note);
    }

    [Fact]
    public async Task PagesSampleBesideACodeFix_Fails()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001() with { FixedSample = SampleWithoutLinger() }));
        Assert.Equal(ProofStatus.Failed, verdict.Status);
        Assert.Contains("is offered here", verdict.Note);
    }

    [Fact]
    public async Task NeitherFixNorSample_Fails() =>
        Assert.Equal("RST1001 offered no code fix here.", ProofJudge.Judge(await ProveAsync(Rst1001(), fixes: [])).Note);

    [Fact]
    public async Task EffectOfAnotherSystem_IsAnalyzedAndFixedAndNotRun()
    {
        Proof proof = Rst1001() with { Systems = [OperatingSystem.IsWindows() ? "linux" : "windows"] };
        ProofRecord record = await ProveAsync(proof, needsCapture: false);
        Assert.Equal(ProofStatus.NotOnThisSystem, ProofJudge.Judge(record).Status);
        Assert.Equal((1, 0, null, null), (record.Flagged.Findings!.Count, record.Fixed.Findings!.Count, record.Flagged.Report, record.Fixed.Wire));
        Assert.Equal(ProofStatus.Failed, ProofJudge.Judge(await ProveAsync(proof, analyzers: [], needsCapture: false)).Status);
    }

    [Fact]
    public async Task MarkedCall_IsTimedByTheProver()
    {
        ProofRecord record = await ProveAsync(Rst1001() with
        {
            Source = Rst1001().Source.Replace("        Stopwatch blocked =", "        Console.WriteLine(\"call\");\n        Thread.Sleep(600);\n        Console.WriteLine(\"return\");\n        Stopwatch blocked ="),
        });
        Assert.InRange(record.Flagged.Report!.CallMilliseconds ?? 0, 500, 20_000);
        Assert.Null((await ProveAsync(Rst1001())).Flagged.Report!.CallMilliseconds);
    }

    [Fact]
    public async Task ProgramOfAspNetCore_IsCompiledAndRun()
    {
        Requirement.Check("aspnetcore", SharedFramework.Find(Proof.AspNetCore) is not null, "the ASP.NET Core runtime is not installed");
        Proof proof = Rst1001() with { Source = Rst1001().Source.Replace("        Console.WriteLine($\"end", "        new Microsoft.AspNetCore.Http.DefaultHttpContext().Abort();\n        Console.WriteLine($\"end") };
        Assert.Contains("does not compile", ProofJudge.Judge(await ProveAsync(proof)).Note);
        Assert.Equal(ProofStatus.Proved, ProofJudge.Judge(await ProveAsync(proof with { Framework = Proof.AspNetCore })).Status);
    }

    [Fact]
    public async Task FrameworkThatIsNotInstalled_IsUnavailable()
    {
        ProofVerdict verdict = ProofJudge.Judge(await ProveAsync(Rst1001() with { Framework = "Microsoft.Nothing.App" }, needsCapture: false));
        Assert.Equal(ProofStatus.Unavailable, verdict.Status);
        Assert.Contains("Microsoft.Nothing.App", verdict.Note);
    }

    private static string SampleWithoutLinger() => Proof.SampleIn(Rst1001().Source).Replace("        socket.LingerState = new LingerOption(true, 0);\n", "");

    private static Proof Rst1001() => Proof.All().Single(proof => proof.Rule == "RST1001");

    private static Task<ProofRecord> ProveAsync(
        Proof proof,
        ImmutableArray<DiagnosticAnalyzer>? analyzers = null,
        ImmutableArray<CodeFixProvider>? fixes = null,
        IWire? wire = null,
        bool needsCapture = true)
    {
        if (needsCapture)
        {
            CapabilityProbe capture = CaptureCapability.ProbePacketSocket();
            Requirement.Check("capture", capture.IsAvailable, capture.Reason);
        }

        Prover prover = new(analyzers ?? ProveCommand.Assemblies.Analyzers(), fixes ?? ProveCommand.Assemblies.Fixes(), wire ?? new LoopbackWire());
        return prover.ProveAsync(ProveCommand.Choose([proof.Rule])[0].Rule, proof, _ => { }, TestContext.Current.CancellationToken);
    }

    private abstract class TextFix : CodeFixProvider
    {
        public override ImmutableArray<string> FixableDiagnosticIds => ["RST1001"];

        public override Task RegisterCodeFixesAsync(CodeFixContext context)
        {
            context.RegisterCodeFix(
                CodeAction.Create("Edit", async token => context.Document.WithText(Microsoft.CodeAnalysis.Text.SourceText.From(Edit((await context.Document.GetTextAsync(token)).ToString()))), "edit"),
                context.Diagnostics);
            return Task.CompletedTask;
        }

        protected abstract string Edit(string source);
    }

    private sealed class NothingFix : TextFix
    {
        protected override string Edit(string source) => source;
    }

    private sealed class CommentFix : TextFix
    {
        protected override string Edit(string source) => source.Replace("#endregion", "// changed\n#endregion");
    }

    private sealed class RemovingFix : TextFix
    {
        protected override string Edit(string source) => source.Replace("        socket.LingerState = new LingerOption(true, 0);\n", "");
    }

    private sealed class ThrowingFix : TextFix
    {
        protected override string Edit(string source) => throw new NotSupportedException("no");
    }

    /// <summary>Sees everything, and says that it lost something, or breaks.</summary>
    private sealed class LossySource(IPacketSource inner, CaptureException? failure = null) : IPacketSource
    {
        public string Description => inner.Description;

        public bool IsLive => inner.IsLive;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout) => failure is null ? inner.Read(out packet, timeout) : throw failure;

        public CaptureStatistics GetStatistics() => inner.GetStatistics() with { Dropped = 3 };

        public void Dispose() => inner.Dispose();
    }
}
