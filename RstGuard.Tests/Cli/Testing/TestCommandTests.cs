using System.Diagnostics;
using RstGuard.Capture;
using RstGuard.Cli;
using RstGuard.Cli.Proving;
using RstGuard.Cli.Testing;

namespace RstGuard.Tests.Cli.Testing;

/// <summary><c>rstguard test</c> as a user runs it.</summary>
public sealed class TestCommandTests
{
    private static readonly Lazy<Task<NamespaceAccess>> Access = new(() => PrivateNamespace.ProbeAsync(CancellationToken.None));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Command_IsAlone_WithLoopbackUp_MayCapture_AndItsExitCodeIsTheTools(bool asNobody)
    {
        await RequireNamespaceAsync();
        Assert.SkipWhen(asNobody && !Environment.IsPrivilegedProcess, "only root can become somebody else; the other run is that of an ordinary user already");
        string[] user = asNobody ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"] : [];
        if (asNobody)
        {
            (int reads, _, _) = await RunLineAsync([.. user, "test", "-r", typeof(Program).Assembly.Location]);
            Assert.SkipUnless(reads == 0, "another user can't read the folder that this was built in");
        }

        string script = $"tail -n +3 /proc/net/dev | cut -d: -f1; readlink /proc/self/ns/net; grep -c 127.0.0.1 /proc/net/fib_trie; {string.Join(' ', PrivateNamespace.Self())} {ProbeCommand.Name} && echo may capture; exit 7";
        (int exitCode, string output, string error) = await RunAsync(user, "sh", "-c", script);
        string[] lines = output.Split('\n');
        Assert.Equal((7, "lo"), (exitCode, lines[0].Trim()));
        Assert.NotEqual(CaptureCapability.CurrentNetworkNamespace, lines[1]);
        Assert.NotEqual("0", lines[2]);
        Assert.Equal("may capture", lines[3]);
        Assert.Contains("dotnet test --no-restore --no-build", error);
    }

    [Fact]
    public async Task Signal_ReachesTheCommand_AndOneThatEndsItIsTold()
    {
        await RequireNamespaceAsync();
        using Process process = Start(Line([], "sh", "-c", "trap 'echo ended; exit 5' TERM; echo ready; while :; do sleep 0.05; done"));
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString()]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((5, "ended\n"), (process.ExitCode, await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)));

        // A pipe whose reader went away ends a command, which it would not if it had inherited what the runtime ignores.
        (int exitCode, _, _) = await RunAsync([], "sh", "-c", "kill -PIPE $$; exit 0");
        Assert.Equal(128 + 13, exitCode);
    }

    [Fact]
    public async Task CommandThatCanNotBeRun_IsTold()
    {
        await RequireNamespaceAsync();

        // With a slash, so that PATH is not searched: a folder there that this user may not enter makes it "permission denied" (execvp).
        (int missing, _, string error) = await RunAsync([], "./no-such-program-here");
        Assert.Equal(127, missing);
        Assert.Contains("'./no-such-program-here' could not be run", error);
        (int forbidden, _, _) = await RunAsync([], "/etc/passwd");
        Assert.Equal(126, forbidden);
    }

    [Fact]
    public async Task NoCommand_IsWrongUse()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(2, await Program.RunAsync(["test"], output, error, TestContext.Current.CancellationToken));
        Assert.Contains("test", error.ToString());
    }

    [Theory]
    [InlineData("user.max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=")]
    [InlineData("kernel.unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1")]
    [InlineData("kernel.apparmor_restrict_unprivileged_userns", "1", "AppArmor profile")]
    [InlineData("none", "", "--cap-add NET_RAW")]
    public void Remedy_IsThatOfTheSwitchThatRefuses(string parameter, string value, string remedy) =>
        Assert.Contains(remedy, NamespaceRemedy.Of(name => name == parameter ? value : name == "user.max_user_namespaces" ? "15000" : null));

    private static async Task RequireNamespaceAsync()
    {
        NamespaceAccess access = await Access.Value;
        Requirement.Check("netns", access.Options is not null, access.Reason + NamespaceRemedy.Here());
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(string[] prefix, params string[] command) => RunLineAsync(Line(prefix, command));

    private static async Task<(int ExitCode, string Output, string Error)> RunLineAsync(string[] line)
    {
        using Process process = Start(line);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }

    private static string[] Line(string[] prefix, params string[] command) => [.. prefix, .. PrivateNamespace.Self(), TestCommand.Name, "--", .. command];

    private static Process Start(string[] line)
    {
        ProcessStartInfo start = DotNet.Command();
        start.FileName = line[0];
        foreach (string argument in line[1..])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
