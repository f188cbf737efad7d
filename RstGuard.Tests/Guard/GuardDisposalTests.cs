using System.Net.Sockets;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

/// <summary>What the end of a guard's scope throws, and over which exception it must not.</summary>
[IntentionalReset("The guard must see these resets.")]
public sealed class GuardDisposalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EndOfScope_ThrowsWhereThatIsAskedFor(bool failAtDispose)
    {
        NeedsCapture();
        ResetGuardOptions options = Options() with { FailAtDispose = failAtDispose };
        Exception? thrown = await Record.ExceptionAsync(async () =>
        {
            await using ResetGuard guard = ResetGuard.Start(options);
            Reset(options);
        });

        Assert.Equal(failAtDispose, thrown is ResetDetectedException);
        Assert.Equal(failAtDispose, thrown is not null);
    }

    [Fact]
    public async Task EndOfScope_AfterTheGuardWasAsked_ThrowsNothing()
    {
        NeedsCapture();
        ResetGuardOptions options = Options() with { Allowed = [ResetCause.LingerZero] };
        await using ResetGuard guard = ResetGuard.Start(options);
        Reset(options);
        await guard.AssertNoResetsAsync();
    }

    [Fact]
    public Task ExceptionThatLeavesAnAwaitUsing_IsNotHidden() => IsNotHidden(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        Reset(options);
        throw new InvalidTimeZoneException();
    });

    [Fact]
    public Task ExceptionOfAnAwaitedCallee_IsNotHidden() => IsNotHidden(async options =>
    {
        await using (ResetGuard.Start(options))
        {
            Reset(options);
            await ThrowLaterAsync();
        }
    });

    [Fact]
    public Task ExceptionThatLeavesAFinally_IsNotHidden() => IsNotHidden(async options =>
    {
        ResetGuard guard = ResetGuard.Start(options);
        try
        {
            Reset(options);
            await ThrowLaterAsync();
        }
        finally
        {
            await guard.DisposeAsync();
        }
    });

    [Fact]
    public Task ExceptionThatLeavesABlockingFinally_IsNotHidden() => IsNotHidden(options =>
    {
        Block();
        return Task.CompletedTask;

        void Block()
        {
            ResetGuard guard = ResetGuard.Start(options);
            try
            {
                Reset(options);
                throw new InvalidTimeZoneException();
            }
            finally
            {
                guard.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    });

    [Fact]
    public Task ExceptionThatPassesAnInnerScope_IsNotHidden() => IsNotHidden(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        await using var inner = new MemoryStream();
        try
        {
            Reset(options);
            await ThrowLaterAsync();
        }
        catch (InvalidOperationException)
        {
        }
    });

    [Fact]
    public Task HandledException_HidesNoReset() => HidesNoReset(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        try
        {
            Reset(options);
            await ThrowLaterAsync();
        }
        catch (InvalidTimeZoneException)
        {
        }
    });

    [Fact]
    public Task ExceptionHandledWithoutAName_HidesNoReset() => HidesNoReset(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        try
        {
            Reset(options);
            await ThrowLaterAsync();
        }
        catch
        {
        }
    });

    [Fact]
    public Task ExceptionHandledByAwaiting_HidesNoReset() => HidesNoReset(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        try
        {
            Reset(options);
            await ThrowLaterAsync();
        }
        catch
        {
            await Task.Yield();
        }
    });

    [Fact]
    public Task ExceptionHandledAfterAnInnerScope_HidesNoReset() => HidesNoReset(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        try
        {
            await using var inner = new MemoryStream();
            Reset(options);
            await ThrowLaterAsync();
        }
        catch (InvalidTimeZoneException)
        {
        }
    });

    [Fact]
    public Task ExceptionHandledByACallee_HidesNoReset() => HidesNoReset(async options =>
    {
        await using ResetGuard guard = ResetGuard.Start(options);
        Reset(options);
        await SwallowAsync();
    });

    private static async Task IsNotHidden(Func<ResetGuardOptions, Task> test)
    {
        NeedsCapture();
        InvalidTimeZoneException thrown = await Assert.ThrowsAsync<InvalidTimeZoneException>(() => test(Options()));
        Assert.Contains("1 connection was reset", (string?)thrown.Data["RstGuard"], StringComparison.Ordinal);
    }

    private static async Task HidesNoReset(Func<ResetGuardOptions, Task> test)
    {
        NeedsCapture();
        await Assert.ThrowsAsync<ResetDetectedException>(() => test(Options()));
    }

    private static ResetGuardOptions Options() => On(LoopbackPair.UniqueAddress()) with { FailAtDispose = true };

    private static void Reset(ResetGuardOptions options)
    {
        (Socket socket, Socket peer) = LoopbackConnection.Open(options.Filter.Addresses[0]);
        socket.CloseAbortively();
        peer.Dispose();
    }

    private static async Task ThrowLaterAsync()
    {
        await Task.Yield();
        throw new InvalidTimeZoneException();
    }

    private static async Task SwallowAsync()
    {
        try
        {
            await ThrowLaterAsync();
        }
        catch (InvalidTimeZoneException)
        {
        }
    }
}
