namespace RstGuard.Tests;

/// <summary>Hostile text, made fit to be shown.</summary>
public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("plain text, \u00e4\u4e2d\U0001f600", "plain text, \u00e4\u4e2d\U0001f600")]
    [InlineData("\u001b[2J\u0007\u009b31m\u007f\0", "\ufffd[2J\ufffd\ufffd31m\ufffd\ufffd")]
    [InlineData("\u202egnp.exe\u2066\u200f\u061c", "\ufffdgnp.exe\ufffd\ufffd\ufffd")]
    [InlineData("a\tb\r\nc\u2028d", "a    b\ufffd\ufffdc\ufffdd")]
    [InlineData("", "")]
    public void WhatIsNotForReading_IsReplaced(string text, string shown) => Assert.Equal(shown, PrintableText.Of(text));

    [Fact]
    public void HalvesOfPairs_AndTags_AreReplaced() => Assert.Equal("\ufffdx\ufffd\ufffd", PrintableText.Of("\ud800x\udc00\udb40\udc41"));

    [Fact]
    public void Lines_AreKeptWhereAskedFor() => Assert.Equal("a\nb\ufffd", PrintableText.OfLines("a\nb\r"));

    [Fact]
    public void TextThatNeedsNoChange_IsNotCopied()
    {
        string text = new('x', 3);
        Assert.Same(text, PrintableText.Of(text));
    }
}
