using RstGuard.Capture;

namespace RstGuard.Tests.Samples;

/// <summary>The sample as a reader meets it: built from its own project, run as a process, judged by what it prints.</summary>
public sealed class EchoServerSampleTests
{
    private const string Failing = "EchoServer.Tests.EchoServerTests.ServerThatReadsHalfARequest_ResetsItsClient";
    private const string Repaired = "EchoServer.Tests.EchoServerTests.ServerThatReadsTheWholeRequest_ResetsNobody";

    [Fact]
    public async Task FailingTest_PrintsCauseAndLine_RepairedOnePasses()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);

        string folder = Directory.CreateTempSubdirectory("rstguard-sample-").FullName;
        try
        {
            // No package source: everything that the sample needs has been restored for the tests already. No server that
            // outlives the build, since it would hold its output open.
            string project = Path.Combine(DotNet.RepositoryRoot, "samples", "EchoServer.Tests");
            (int built, string log) = await DotNet.RunAsync(
                TimeSpan.FromMinutes(10),
                "build", project, "--artifacts-path", folder, "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false", $"-p:RestoreSources={folder}");
            Assert.True(built == 0, log);

            string assembly = Path.Combine(folder, "bin", "EchoServer.Tests", "debug", "EchoServer.Tests.dll");
            (int failed, string failure) = await DotNet.RunAsync(TimeSpan.FromMinutes(2), "exec", assembly, "-noColor", "-method", Failing);
            string source = Path.Combine(project, "EchoServerTests.cs");
            int closingLine = Array.FindIndex(await File.ReadAllLinesAsync(source), line => line.Contains("// the reset:", StringComparison.Ordinal)) + 1;
            Assert.NotEqual(0, failed);
            Assert.Contains($"{Failing} [FAIL]", failure, StringComparison.Ordinal);
            Assert.Contains("CloseWithUnread (Strong, seen on the wire)", failure, StringComparison.Ordinal);
            Assert.Contains($"closed at {source}:{closingLine} in EchoServerTests.ServeOne", failure, StringComparison.Ordinal);
            Assert.Contains("RST2001", failure, StringComparison.Ordinal);
            Assert.Contains("4 bytes received and not read", failure, StringComparison.Ordinal);

            (int passed, string success) = await DotNet.RunAsync(TimeSpan.FromMinutes(2), "exec", assembly, "-noColor", "-method", Repaired);
            Assert.True(passed == 0, success);
            Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", success, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
