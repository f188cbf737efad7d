using System.Collections;
using System.Runtime.InteropServices;

namespace RstGuard.Cli.Testing;

/// <summary>What execve(2) replaces.</summary>
internal static class ProcessImage
{
    private const int BrokenPipe = 13;

    /// <summary>Puts another program in this process's place. It returns only where that failed.</summary>
    /// <param name="command">The program, searched for in PATH where its name has no slash, and its arguments.</param>
    /// <param name="variables">Environment variables to set for it.</param>
    /// <returns>The error number.</returns>
    public static int Replace(IReadOnlyList<string> command, IEnumerable<(string Name, string Value)> variables)
    {
        Dictionary<string, string?> environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value);
        foreach ((string name, string value) in variables)
        {
            environment[name] = value;
        }

        nint[] arguments = Strings(command);
        nint[] settings = Strings(environment.Select(entry => $"{entry.Key}={entry.Value}"));

        // Handlers end with the old program, but what it ignores the new one would ignore too (execve(2)); the runtime ignores SIGPIPE.
        nint ignored = Signal(BrokenPipe, 0);
        Execute(arguments[0], arguments, settings);
        int failure = Marshal.GetLastPInvokeError();
        Signal(BrokenPipe, ignored);
        foreach (nint text in arguments.Concat(settings))
        {
            Marshal.FreeCoTaskMem(text);
        }

        return failure;
    }

    private static nint[] Strings(IEnumerable<string> texts) => [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    [DllImport("libc", EntryPoint = "execvpe", SetLastError = true)]
    private static extern int Execute(nint file, nint[] arguments, nint[] environment);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int number, nint handler);
}
