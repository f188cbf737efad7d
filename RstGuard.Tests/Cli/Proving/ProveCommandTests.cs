using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using RstGuard.Capture;
using RstGuard.Cli;
using RstGuard.Cli.Proving;

namespace RstGuard.Tests.Cli.Proving;

/// <summary>The command as a user runs it.</summary>
public sealed class ProveCommandTests
{
    private const string NobodysId = "65534";

    [Fact]
    public async Task UnknownRule_IsWrongUse()
    {
        (int exitCode, string output, string error) = await RunAsync("prove", "RST0000");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith("rstguard: There is no rule 'RST0000'. The rules are RST1001, ", error);
    }

    [Fact]
    public async Task UnknownFormat_IsWrongUse() => Assert.Equal(2, (await RunAsync("prove", "--format", "xml")).ExitCode);

    [Fact]
    public async Task Json_OfARealRun_IsAsDocumented()
    {
        await RequireWireAsync();
        (int exitCode, string output, string error) = await RunAsync("prove", "RST1001", "--format", "json");
        Assert.Equal((0, ""), (exitCode, error));
        JsonElement proof = OnlyProof(output);
        Assert.Equal("RST1001", proof.GetProperty("rule").GetString());
        Assert.Equal("proved", proof.GetProperty("status").GetString());
        Assert.Equal(1, proof.GetProperty("flagged").GetProperty("diagnostics").GetInt32());
        Assert.Equal(1, proof.GetProperty("flagged").GetProperty("resets").GetInt32());
        Assert.Contains("LingerZero", proof.GetProperty("flagged").GetProperty("candidates").EnumerateArray().Select(cause => cause.GetString()));
        Assert.True(proof.GetProperty("flagged").GetProperty("bytesReceived").GetInt64() < proof.GetProperty("flagged").GetProperty("bytesSent").GetInt64());
        Assert.Equal(0, proof.GetProperty("fixed").GetProperty("resets").GetInt32());
        Assert.Equal(proof.GetProperty("fixed").GetProperty("bytesSent").GetInt64(), proof.GetProperty("fixed").GetProperty("bytesReceived").GetInt64());
    }

    [Fact]
    public async Task Text_OfARealRun_TellsTheStoryAndHasNoTrailingBlanks()
    {
        await RequireWireAsync();
        (int exitCode, string output, _) = await RunAsync("prove", "rst1001");
        Assert.Equal(0, exitCode);
        Assert.All(["RST1001.cs(19,9): warning RST1001", "LingerZero", "-        socket.LingerState = new LingerOption(true, 0);", "4,096 / 200,000", "no reset, all arrived", "proved"], part => Assert.Contains(part, output));
        Assert.DoesNotContain(output.Split('\n'), line => line.EndsWith(' '));
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task OrdinaryUser_ProvesInsideANamespaceOfHisOwn()
    {
        CapabilityProbe probe = await CaptureCapability.ProbePrivateNamespaceAsync([.. PrivateNamespace.Self(), ProbeCommand.Name], TestContext.Current.CancellationToken);
        Requirement.Check("netns", probe.IsAvailable, probe.Reason);
        (int exitCode, string output) = await RunAsNobodyAsync(Environment.GetEnvironmentVariable("PATH")!);
        JsonElement proof = OnlyProof(output);
        Assert.Equal(("proved", 0), (proof.GetProperty("status").GetString(), exitCode));

        // Nothing else talks in there, so the kernel's counters settle what packets alone leave open.
        JsonElement flagged = proof.GetProperty("flagged");
        Assert.Equal(("LingerZero", "Strong"), (flagged.GetProperty("cause").GetString(), flagged.GetProperty("confidence").GetString()));
        Assert.Equal(JsonValueKind.Null, flagged.GetProperty("kernelReason").ValueKind);
    }

    [Fact]
    public async Task OrdinaryUserWithoutNamespaces_IsToldEachWayOut()
    {
        (int exitCode, string output) = await RunAsNobodyAsync("/nonexistent");
        JsonElement proof = OnlyProof(output);
        Assert.Equal(("unavailable", 3), (proof.GetProperty("status").GetString(), exitCode));
        string note = proof.GetProperty("note").GetString()!;
        Assert.All(
            ["CAP_NET_RAW, which this process lacks", "'unshare' could not be run", "sudo setpriv ", "--cap-add NET_RAW", "AppArmor", "kernel.apparmor_restrict_unprivileged_userns"],
            part => Assert.Contains(part, note));
        Assert.Equal(1, proof.GetProperty("flagged").GetProperty("diagnostics").GetInt32());
        Assert.Equal(0, proof.GetProperty("fixed").GetProperty("diagnostics").GetInt32());
    }

    // As root the user is changed; a copy of the build is run, for nobody may read only what all may.
    private static async Task<(int ExitCode, string Output)> RunAsNobodyAsync(string path)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        Requirement.Check("netns", OperatingSystem.IsLinux() && File.Exists(host), $"there is no {host}, or this is not Linux");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rstguard-nobody-");
        try
        {
            foreach (FileInfo file in new DirectoryInfo(AppContext.BaseDirectory).EnumerateFiles().Where(file => file.Extension == ".dll" || file.Name.StartsWith("rstguard.", StringComparison.Ordinal)))
            {
                file.CopyTo(Path.Combine(directory.FullName, file.Name));
            }

            DirectoryInfo home = directory.CreateSubdirectory("home");
            const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            if (!OperatingSystem.IsWindows())
            {
                directory.UnixFileMode = Readable;
                home.UnixFileMode = Readable | UnixFileMode.OtherWrite;
            }

            string[] command = [host, "exec", Path.Combine(directory.FullName, "rstguard.dll"), "prove", "RST1001", "--format", "json"];
            if (Environment.IsPrivilegedProcess)
            {
                command = ["/usr/bin/setpriv", $"--reuid={NobodysId}", $"--regid={NobodysId}", "--clear-groups", .. command];
                Requirement.Check("netns", File.Exists(command[0]), "there is no /usr/bin/setpriv, which is part of util-linux");
            }

            ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
            start.Environment["HOME"] = start.Environment["DOTNET_CLI_HOME"] = start.Environment["TMPDIR"] = home.FullName;
            start.Environment["PATH"] = path;
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("", error);
            return (process.ExitCode, await output);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task RequireWireAsync()
    {
        CapabilityProbe capture = CaptureCapability.ProbePacketSocket();
        bool available = capture.IsAvailable || (await PrivateNamespace.ProbeAsync(TestContext.Current.CancellationToken)).Options is not null;
        Requirement.Check("capture", available, capture.Reason);
    }

    private static JsonElement OnlyProof(string output)
    {
        JsonElement json = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Proofs"), json));
        return Assert.Single(json.EnumerateArray());
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
