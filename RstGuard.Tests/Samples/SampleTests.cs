using RstGuard.Capture;

namespace RstGuard.Tests.Samples;

/// <summary>The samples as a reader meets them: run as processes of their own, judged by what they print.</summary>
public sealed class SampleTests(BuiltSamples samples) : IClassFixture<BuiltSamples>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task EchoServer_FailingTestPrintsCauseAndLine_RepairedOnePasses()
    {
        RequireCapture();
        (string failure, string success) = await RunXunitAsync(
            "EchoServer.Tests", "EchoServer.Tests.EchoServerTests.ServerThatReadsHalfARequest_ResetsItsClient", "EchoServer.Tests.EchoServerTests.ServerThatReadsTheWholeRequest_ResetsNobody");
        Assert.Contains("CloseWithUnread (Strong, seen on the wire)", failure, StringComparison.Ordinal);
        Assert.Contains($"closed at {ResettingLine("EchoServer.Tests", "EchoServerTests.cs")} in EchoServerTests.ServeOne", failure, StringComparison.Ordinal);
        Assert.Contains("RST2001", failure, StringComparison.Ordinal);
        Assert.Contains("4 bytes received and not read", failure, StringComparison.Ordinal);
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", success, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InventoryService_FailingTestPrintsCauseAndLine_RepairedOnePasses()
    {
        RequireCapture();
        (string failure, string success) = await RunXunitAsync(
            "InventoryService.Tests", "InventoryService.Tests.InventoryTests.ServiceThatReadsTheCountAlone_ResetsTheWarehouse", "InventoryService.Tests.InventoryTests.ServiceThatReadsTheWholeAnswer_ResetsNobody");
        Assert.Contains("CloseWithUnread (Strong, seen on the wire)", failure, StringComparison.Ordinal);
        Assert.Contains($"closed at {ResettingLine("InventoryService", "Warehouse.cs")} in Warehouse.CountAsync", failure, StringComparison.Ordinal);
        Assert.Contains("RST2009", failure, StringComparison.Ordinal);
        Assert.Contains("28 bytes received and not read", failure, StringComparison.Ordinal);
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", success, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PriceFeed_FailingTestPrintsCauseAndLine_RepairedOnePasses()
    {
        RequireCapture();
        (int failed, string output) = await DotNet.RunAsync(Limit, "test", samples.Assembly("PriceFeed.Tests"));
        Assert.NotEqual(0, failed);
        Assert.Contains("Failed FeedThatIsDisposed_ResetsItsServer", output, StringComparison.Ordinal);
        Assert.Contains("LingerZero (Certain, seen on the wire)", output, StringComparison.Ordinal);
        Assert.Contains($"closed at {ResettingLine("PriceFeed.Tests", "PriceFeed.cs")} in PriceFeed.Dispose", output, StringComparison.Ordinal);
        Assert.Contains("RST2002", output, StringComparison.Ordinal);
        Assert.Matches("Failed: +1, Passed: +1, Skipped: +0", output);
    }

    private static void RequireCapture()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
    }

    private static string ResettingLine(string sample, string file)
    {
        string source = BuiltSamples.Source(sample, file);
        return $"{source}:{Array.FindIndex(File.ReadAllLines(source), line => line.Contains("// the reset:", StringComparison.Ordinal)) + 1}";
    }

    private async Task<(string Failure, string Success)> RunXunitAsync(string sample, string failing, string repaired)
    {
        (int failed, string failure) = await DotNet.RunAsync(Limit, "exec", samples.Assembly(sample), "-noColor", "-method", failing);
        Assert.NotEqual(0, failed);
        Assert.Contains($"{failing} [FAIL]", failure, StringComparison.Ordinal);
        (int passed, string success) = await DotNet.RunAsync(Limit, "exec", samples.Assembly(sample), "-noColor", "-method", repaired);
        Assert.True(passed == 0, success);
        return (failure, success);
    }
}
