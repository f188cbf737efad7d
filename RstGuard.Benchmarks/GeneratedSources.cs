using System.Reflection;
using System.Text;

namespace RstGuard.Benchmarks;

/// <summary>Sources to measure on, the same at each run.</summary>
internal static class GeneratedSources
{
    private const string ProofPrefix = "Proofs/";

    /// <summary>
    /// Code as most projects have it: classes with fields, properties, LINQ, files and streams that are disposed, tasks that are awaited, and
    /// no socket.
    /// </summary>
    public static string[] WithoutSockets(int lines)
    {
        List<string> files = [];
        for (int written = 0, number = 0; written < lines; number++)
        {
            string file = Quiet(number);
            files.Add(file);
            written += file.Count(c => c == '\n') + 1;
        }

        return [.. files];
    }

    /// <summary>The flagged programs of all proofs, each in namespaces of its own, <paramref name="copies"/> files in all.</summary>
    public static string[] Proofs(int copies)
    {
        Assembly assembly = typeof(GeneratedSources).Assembly;
        string[] proofs = [.. assembly.GetManifestResourceNames().Where(name => name.StartsWith(ProofPrefix, StringComparison.Ordinal) && !name.EndsWith(".Fixed.cs", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        return [.. Enumerable.Range(0, copies).Select(copy =>
        {
            using StreamReader reader = new(assembly.GetManifestResourceStream(proofs[copy % proofs.Length])!);
            string source = reader.ReadToEnd();
            int code = source.IndexOf("#region Sample", StringComparison.Ordinal);
            return $"using System;\nusing System.Collections.Generic;\nusing System.IO;\nusing System.Linq;\nusing System.Threading;\nusing System.Threading.Tasks;\n{source[..code]}\nnamespace Copy{copy}\n{{\n{source[code..]}\n}}\n";
        })];
    }

    /// <summary>One method of that many statements, with connections, branches, loops and closes.</summary>
    public static string[] LongMethod(int statements)
    {
        StringBuilder source = new("using System;\nusing System.Net;\nusing System.Net.Sockets;\ninternal static class Long\n{\n    public static void Run(IPEndPoint server, byte[] buffer)\n    {\n");
        for (int written = 0, number = 0; written < statements; written += 8, number++)
        {
            source.Append($$"""
                        Socket socket{{number}} = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                        socket{{number}}.Connect(server);
                        socket{{number}}.Send(buffer);
                        if (buffer.Length > {{number}})
                        {
                            while (socket{{number}}.Receive(buffer) > 0) { buffer[0]++; }
                        }
                        socket{{number}}.Shutdown(SocketShutdown.Send);
                        socket{{number}}.Dispose();

                """);
        }

        return [source.Append("    }\n}\n").ToString()];
    }

    private static string Quiet(int number) => $$"""
        using System;
        using System.Collections.Generic;
        using System.IO;
        using System.Linq;
        using System.Text;
        using System.Threading;
        using System.Threading.Tasks;

        namespace Quiet.Part{{number % 40}}
        {
            public interface IStore{{number}}
            {
                Task<int> CountAsync(CancellationToken cancellationToken);
            }

            public sealed class Store{{number}} : IStore{{number}}, IDisposable
            {
                private readonly Dictionary<string, List<int>> _entries = new();
                private readonly SemaphoreSlim _gate = new(1, 1);
                private readonly FileStream _file;
                private bool _closed;

                public Store{{number}}(string path) => _file = new FileStream(path, FileMode.OpenOrCreate);

                public event EventHandler<int> Changed;

                public string Name { get; set; } = "store {{number}}";

                public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds({{number % 60 + 1}});

                public void Add(string key, int value)
                {
                    if (key is null)
                    {
                        throw new ArgumentNullException(nameof(key));
                    }

                    if (!_entries.TryGetValue(key, out List<int> list))
                    {
                        _entries.Add(key, list = new List<int>());
                    }

                    for (int i = 0; i < value % {{number % 7 + 2}}; i++)
                    {
                        list.Add(i * {{number}});
                    }

                    Changed?.Invoke(this, value);
                }

                public async Task<int> CountAsync(CancellationToken cancellationToken)
                {
                    await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
                    try
                    {
                        byte[] buffer = new byte[{{number % 512 + 16}}];
                        int total = 0, read;
                        while ((read = await _file.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false)) > 0)
                        {
                            total += buffer.Take(read).Count(b => b == '\n');
                        }

                        return total;
                    }
                    finally
                    {
                        _gate.Release();
                    }
                }

                public string Describe()
                {
                    StringBuilder text = new();
                    foreach (KeyValuePair<string, List<int>> entry in _entries.OrderBy(e => e.Key, StringComparer.Ordinal))
                    {
                        text.Append(entry.Key).Append(": ").AppendLine(string.Join(", ", entry.Value.Select(v => v.ToString())));
                    }

                    switch (text.Length % 3)
                    {
                        case 0:
                            return text.ToString();
                        case 1:
                            return text.ToString().Trim();
                        default:
                            using (StringReader reader = new(text.ToString()))
                            {
                                return reader.ReadLine() ?? Name;
                            }
                    }
                }

                public async Task CopyToAsync(string target, CancellationToken cancellationToken)
                {
                    using FileStream output = File.Create(target);
                    await _file.CopyToAsync(output, 4096, cancellationToken).ConfigureAwait(false);
                    Task flush = output.FlushAsync(cancellationToken);
                    Task first = await Task.WhenAny(flush, Task.Delay(Timeout, cancellationToken)).ConfigureAwait(false);
                    if (first != flush)
                    {
                        throw new TimeoutException(Name);
                    }
                }

                public void Close()
                {
                    if (!_closed)
                    {
                        _closed = true;
                        _file.Close();
                    }
                }

                public void Dispose()
                {
                    Close();
                    _gate.Dispose();
                }
            }

            public record Entry{{number}}(string Key, int Value, DateTime At)
            {
                public static IEnumerable<Entry{{number}}> Parse(TextReader reader)
                {
                    while (reader.ReadLine() is { } line)
                    {
                        string[] parts = line.Split(';');
                        if (parts.Length == 3 && int.TryParse(parts[1], out int value))
                        {
                            yield return new Entry{{number}}(parts[0], value, DateTime.UtcNow);
                        }
                    }
                }
            }
        }
        """;
}
