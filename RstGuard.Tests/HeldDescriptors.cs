using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RstGuard.Tests;

[assembly: AssemblyFixture(typeof(HeldDescriptors))]

namespace RstGuard.Tests;

/// <summary>
/// Where <c>RSTGUARD_HOLD</c> asks for it (milliseconds to hold and to pause, <c>60,15</c>): holds copies of all descriptors of this process, again and
/// again, as each child process does from fork until exec closes them. A socket that is closed meanwhile is closed only with its last copy, so whoever takes
/// the end of <c>Close</c> for the end of the connection fails; without it that is one run of many.
/// </summary>
public sealed class HeldDescriptors : IDisposable
{
    private const string Variable = "RSTGUARD_HOLD";
    private const int CopyAbove = 1030; // F_DUPFD_CLOEXEC, fcntl.h

    /// <summary>Whether copies are held in this run.</summary>
    public static bool AreAskedFor { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    private readonly Thread? _holding;
    private readonly CancellationTokenSource _end = new();

    public HeldDescriptors()
    {
        if (AreAskedFor)
        {
            int[] milliseconds = [.. Environment.GetEnvironmentVariable(Variable)!.Split(',').Select(int.Parse)];
            _holding = new Thread(() => Hold(milliseconds[0], milliseconds[1])) { IsBackground = true, Name = "held descriptors" };
            _holding.Start();
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _holding?.Join();
        _end.Dispose();
    }

    private void Hold(int hold, int pause)
    {
        List<SafeFileHandle> copies = [];
        while (!_end.IsCancellationRequested)
        {
            // A descriptor that is gone meanwhile, as that of the listing itself, can't be copied.
            foreach (string name in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            {
                if (Control(int.Parse(Path.GetFileName(name)), CopyAbove, 0) is >= 0 and int copy)
                {
                    copies.Add(new SafeFileHandle(copy, ownsHandle: true));
                }
            }

            _end.Token.WaitHandle.WaitOne(hold);
            copies.ForEach(copy => copy.Dispose());
            copies.Clear();
            _end.Token.WaitHandle.WaitOne(pause);
        }
    }

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int Control(int descriptor, int command, int argument);
}
