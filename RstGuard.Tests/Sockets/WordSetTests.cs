using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Tests.Sockets;

public sealed class WordSetTests
{
    [Theory]
    [InlineData("_socket")]
    [InlineData("Close")]
    [InlineData("last")]
    [InlineData("größe")]
    [InlineData("@this", false)]
    [InlineData("Clos", false)]
    [InlineData("socket", false)]
    public void WordOfTheText_MayBeHeld_AndOthersAreNot(string word, bool held = true)
    {
        SourceText text = SourceText.From("_socket.Close(); größe = @this2; /* last");
        Assert.Equal(held, WordSet.Of(text, 0, text.Length, 1 << 13, TestContext.Current.CancellationToken).MayHold(word));
    }

    [Fact]
    public void WordThatTheBufferEndsIn_IsHeldWhole()
    {
        string word = new('w', 9_000);
        SourceText text = SourceText.From("a " + word + " b");
        WordSet words = WordSet.Of(text, 0, text.Length, 1 << 13, TestContext.Current.CancellationToken);
        Assert.True(words.MayHold(word));
        Assert.True(words.MayHold("b"));
        Assert.False(words.MayHold(new string('w', 4_096)));
    }

    [Fact]
    public void WordsBeyondTheEnds_AreNotHeld()
    {
        SourceText text = SourceText.From("before inside after");
        WordSet words = WordSet.Of(text, 7, 13, 64, TestContext.Current.CancellationToken);
        Assert.True(words.MayHold("inside"));
        Assert.False(words.MayHold("before") && words.MayHold("after"));
    }
}
