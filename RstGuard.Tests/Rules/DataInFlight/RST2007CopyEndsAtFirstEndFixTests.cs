using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2007CopyEndsAtFirstEndFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST2007");

    private static readonly Verify Rule = Plain with
    {
        AddedDocuments = [(DuplexCopyFile.Name, DuplexCopyFile.Text(null, LanguageVersion.Latest, "\n").ToString())],
    };

    private static string Method(string body) => $$"""
        class C
        {
            async Task M(TcpClient c, TcpClient d, NetworkStream a, NetworkStream b)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    [Fact]
    public Task Streams_AreCopiedToBothEnds() => Rule.FixesAsync(
        Method("await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; // the tunnel"),
        Method("await DuplexCopy.CopyBothWaysAsync(a, b, TimeSpan.FromMinutes(2)); // the tunnel"));

    [Fact]
    public Task StreamsOfClients_AreCopiedToBothEnds() => Rule.FixesAsync(
        Method("await [|Task.WhenAny(\n    c.GetStream().CopyToAsync(d.GetStream()),\n    d.GetStream().CopyToAsync(c.GetStream()))|].ConfigureAwait(false);"),
        Method("await DuplexCopy.CopyBothWaysAsync(c.GetStream(), d.GetStream(), TimeSpan.FromMinutes(2)).ConfigureAwait(false);"));

    [Fact]
    public Task ReferenceToTheRuntime_NeedsNoFile() => (Plain with { References = ReferenceSet.Net100RstGuard }).FixesAsync(
        Method("await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|];"),
        Method("await RstGuard.DuplexCopy.CopyBothWaysAsync(a, b, TimeSpan.FromMinutes(2));"));

    [Theory]
    // TLS can't be half-closed; a socket's own pump may do more than copy.
    [InlineData("var tls = new System.Net.Security.SslStream(b); await [|Task.WhenAny(a.CopyToAsync(tls), tls.CopyToAsync(a))|];")]
    [InlineData("await [|Task.WhenAny(Pump(a, b), Pump(b, a))|]; static Task Pump(NetworkStream from, NetworkStream to) => Task.CompletedTask;")]
    // The result is used, or there is more to wait for, or the copies get more than each other.
    [InlineData("await await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|];")]
    [InlineData("await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a), Task.Delay(9))|];")]
    [InlineData("await [|Task.WhenAny(a.CopyToAsync(b, 4096), b.CopyToAsync(a, 4096))|];")]
    [InlineData("var up = a.CopyToAsync(b); var down = b.CopyToAsync(a); await [|Task.WhenAny(up, down)|];")]
    [InlineData("[|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|].Wait(); await Task.CompletedTask;")]
    public Task NothingIsOffered(string body) => Plain.OffersNoFixAsync(Method(body).Replace("await Task.CompletedTask;", "", StringComparison.Ordinal).Replace(body.Contains(".Wait()", StringComparison.Ordinal) ? "async Task M" : "\0", "void M", StringComparison.Ordinal));

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Plain.SurvivesCutsAsync(Method("await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); await Task.WhenAny(c.GetStream().CopyToAsync(b), b.CopyToAsync(c.GetStream())).ConfigureAwait(false);"));
}
