using System.Text;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Diagnosis;

public sealed class DeclaredCauseTests
{
    [Theory]
    [InlineData("33aa000300000000", "code 3, new data after CLOSE")]
    [InlineData("33aa001100000000", "code 17, middlebox interference")]
    [InlineData("33aa000000000000", "code 0, which the draft does not name")]
    [InlineData("33aa001200000000", "code 18, which the draft does not name")]
    [InlineData("33aa000300000009", "code 3 of private enterprise number 9")]
    public void EightBytesOfTheDraft_AreReadByItsRegistry(string bytes, string told)
    {
        byte[] payload = Convert.FromHexString(bytes);
        Assert.Equal(told, DeclaredCause.Describe(payload, payload.Length));
    }

    [Theory]
    [InlineData("33aa0003000000")]
    [InlineData("33aa00030000000000")]
    [InlineData("33ab000300000000")]
    public void OtherBytes_AreShownAsTheyAre(string bytes)
    {
        byte[] payload = Convert.FromHexString(bytes);
        Assert.StartsWith("'3\\xa", DeclaredCause.Describe(payload, payload.Length));
    }

    [Fact]
    public void Text_IsShownWithItsControlCharactersEscaped_AndSaysWhereItWasCut() =>
        Assert.Equal("'idle\\x1b[0m'…", DeclaredCause.Describe(Encoding.ASCII.GetBytes("idle\u001b[0m"), 1000));
}
