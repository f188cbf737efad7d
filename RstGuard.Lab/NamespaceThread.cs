using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using RstGuard.Capture;

namespace RstGuard.Lab;

/// <summary>
/// A thread in a network namespace of its own: <c>unshare(CLONE_NEWNET)</c> moves the calling thread alone (unshare(2)), and what it
/// opens or starts, sockets, threads and processes, belongs to that namespace too. So several proofs can run side by side, each
/// alone on its loopback, while one process compiles for all of them.
/// </summary>
internal sealed class NamespaceThread : IDisposable
{
    private const int NewNetwork = 0x4000_0000; // CLONE_NEWNET, linux/sched.h

    // One piece of work at a time is handed in by whoever holds the thread; two leave room for a start beside an end.
    private readonly BlockingCollection<Action> _work = new(boundedCapacity: 2);
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NamespaceThread() => new Thread(Run) { IsBackground = true, Name = "RstGuard namespace" }.Start();

    /// <summary>Starts a thread in a new namespace whose loopback is up.</summary>
    /// <exception cref="CaptureException">The kernel refused; CAP_SYS_ADMIN is needed, which a private namespace of an ordinary user gives.</exception>
    public static async Task<NamespaceThread> StartAsync()
    {
        NamespaceThread thread = new();
        try
        {
            await thread._entered.Task;
            return thread;
        }
        catch
        {
            thread.Dispose();
            throw;
        }
    }

    /// <summary>Does something on the thread. Its exceptions are the caller's.</summary>
    public Task<T> InvokeAsync<T>(Func<T> work)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the thread. The namespace lives until all that was opened in it is closed.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Run()
    {
        try
        {
            if (Unshare(NewNetwork) != 0)
            {
                throw new CaptureException($"A further network namespace could not be had: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
            }

            LoopbackInterface.BringUp();
            _entered.SetResult();
        }
        catch (Exception e)
        {
            _entered.SetException(e);
            return;
        }

        foreach (Action action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static extern int Unshare(int flags);
}
