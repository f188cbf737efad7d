using RstGuard.Cli.Proving;

namespace RstGuard.Tests.Cli.Proving;

/// <summary>The header of a proof, and the files of a rule with several programs.</summary>
public sealed class ProofTests
{
    private const string Sample = "\n#region Sample\nsocket.Close();\n#endregion\n";

    [Theory]
    [InlineData("reset")]
    [InlineData("reset, loss")]
    [InlineData("dataLoss")]
    [InlineData("blocks")]
    [InlineData("noEffect, reset, loss")]
    [InlineData("noEffect, blocks")]
    public void ClaimsThatGoTogether_AreRead(string claims) => Assert.NotEqual(ProofClaims.None, Parse(claims: claims).Claims);

    [Theory]
    [InlineData("loss")]
    [InlineData("noEffect")]
    [InlineData("reset, dataLoss")]
    [InlineData("blocks, loss")]
    [InlineData("noHandshake")]
    [InlineData("noHandshake, reset")]
    [InlineData("explodes")]
    public void ClaimsThatDoNot_AreRefused(string claims) => Assert.Throws<FormatException>(() => Parse(claims: claims));

    [Fact]
    public void MissingHandshake_IsClaimedOfAProtocol() => Assert.Equal(ProofClaims.NoHandshake, Parse(more: "// Protocol: TLS\n", claims: "noHandshake").Claims);

    [Theory]
    [InlineData("RST1003.cs", "")]
    [InlineData("RST1003.TcpClient.cs", "TcpClient")]
    public void Variant_IsInTheName(string fileName, string variant) => Assert.Equal(variant, Parse(fileName).Variant);

    [Theory]
    [InlineData("RST1004.cs", "")]
    [InlineData("RST1003.A.B.cs", "")]
    [InlineData("RST1003.cs", "// Colour: red\n")]
    [InlineData("RST1003.cs", "// Causes: Weather\n")]
    [InlineData("RST1003.cs", "// Framework: Microsoft.WindowsDesktop.App\n")]
    [InlineData("RST1003.cs", "// Protocol: Gopher\n")]
    public void WrongNameOrHeader_IsRefused(string fileName, string line) => Assert.Throws<FormatException>(() => Parse(fileName, line));

    [Fact]
    public void FlaggedTextOutsideTheSample_IsRefused() =>
        Assert.Throws<FormatException>(() => Proof.Parse("RST1003.cs", "// Rule: RST1003\n// Flagged: socket.Dispose()\n// Claims: reset\n" + Sample));

    [Fact]
    public void FixedSample_ReplacesTheRegionAlone()
    {
        Proof proof = Proof.Parse("RST1003.cs", Header() + Sample + "// rest\n", "socket.Dispose();\n");
        Assert.Equal("socket.Dispose();", Proof.SampleIn(proof.SourceWithFixedSample()));
        Assert.Equal(Header() + "\n#region Sample\nsocket.Dispose();\n#endregion\n// rest\n", proof.SourceWithFixedSample());
    }

    [Fact]
    public void AllProofs_AreReadAndSorted()
    {
        string[] names = [.. Proof.All().Select(proof => proof.FileName)];
        Assert.Contains("RST1001.cs", names);
        Assert.Equal(Proof.All().OrderBy(proof => proof.Rule, StringComparer.Ordinal).ThenBy(proof => proof.Variant, StringComparer.Ordinal).Select(proof => proof.FileName), names);
    }

    private static Proof Parse(string fileName = "RST1003.cs", string more = "", string claims = "reset") => Proof.Parse(fileName, Header(claims) + more + Sample);

    private static string Header(string claims = "reset") => $"// Rule: RST1003\n// Flagged: socket.Close()\n// Claims: {claims}\n";
}
