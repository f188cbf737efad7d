using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST6003PoolOutlivesServerTests
{
    private static readonly Verify Rule = Verify.Rule("RST6003") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Http;\n", StringComparison.Ordinal) };
    private static readonly Verify Server = Rule with { References = ReferenceSet.Net100AspNetCore, Usings = "using System; using Microsoft.AspNetCore.Server.Kestrel.Core;\n" };

    private static string Method(string body) => $"class C {{ static readonly TimeSpan Hour = TimeSpan.FromHours(1); void M(SocketsHttpHandler h, TimeSpan given) {{ {body} }} }}";

    [Theory]
    [InlineData("h.PooledConnectionIdleTimeout = [|TimeSpan.FromMinutes(2)|];")]
    [InlineData("h.PooledConnectionIdleTimeout = [|new TimeSpan(0, 5, 0)|];")]
    [InlineData("h.PooledConnectionIdleTimeout = [|Timeout.InfiniteTimeSpan|];")]
    [InlineData("var n = new SocketsHttpHandler { PooledConnectionIdleTimeout = [|TimeSpan.FromSeconds(61)|], MaxConnectionsPerServer = 2 };")]
    [InlineData("Action a = () => h.PooledConnectionIdleTimeout = [|TimeSpan.FromMinutes(10)|]; a();")]
    public Task PatientPool_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory]
    [InlineData("h.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60);")]
    [InlineData("h.PooledConnectionIdleTimeout = given;")]
    [InlineData("h.PooledConnectionIdleTimeout = TimeSpan.Zero;")]
    [InlineData("h.PooledConnectionLifetime = TimeSpan.FromHours(1);")]
    [InlineData("Console.WriteLine(h.PooledConnectionIdleTimeout);")]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Fact]
    public Task ImpatientServer_IsFlagged() => Server.FlagsAsync("class C { void M(KestrelServerOptions o) { o.Limits.KeepAliveTimeout = [|TimeSpan.FromSeconds(15)|]; } }");

    [Theory]
    [InlineData("void M(KestrelServerOptions o) { o.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2); }")]
    [InlineData("void M(KestrelServerOptions o, TimeSpan t) { o.Limits.KeepAliveTimeout = t; }")]
    [InlineData("class L { public TimeSpan KeepAliveTimeout { get; set; } } void M(L l) { l.KeepAliveTimeout = TimeSpan.FromSeconds(5); }")]
    public Task ServersLookAlike_IsSilent(string member) => Server.IsSilentAsync($"class C {{ {member} }}");

    [Fact]
    public Task Message_SaysWhatIsLost() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["'PooledConnectionIdleTimeout = 120 s': idle connections are kept for longer than many servers keep them, and a request that is sent while the server closes is answered with a reset and lost, unless it is idempotent"],
    }).FlagsAsync(Method("h.PooledConnectionIdleTimeout = [|TimeSpan.FromMinutes(2)|];"));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method("h.PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2);"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(Method("h.PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2); h.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;"));
}
