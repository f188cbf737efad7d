namespace RstGuard.Tests;

public sealed class RequirementTests
{
    [Fact]
    public void UnknownWord_IsAnError() =>
        Assert.Contains("'captures'", Assert.Throws<ArgumentException>(() => Requirement.Required("captures,netns")).Message);

    [Fact]
    public void KnownWords_AreTaken() => Assert.Equal(["capture", "oracle"], Requirement.Required("capture, oracle").Order());

    [Fact]
    public void EnvironmentOfThisRun_NamesKnownWordsOnly() =>
        Requirement.Required(Environment.GetEnvironmentVariable(Requirement.Variable));
}
