using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using RstGuard.CallSites;
using RstGuard.Cli.Proving;

namespace RstGuard.Tests.CallSites;

/// <summary>
/// Compiles a small program that closes a socket, Debug or Release, loads it with its symbols, runs it on a connection of its
/// own and gives back how the close was seen. The closing line carries <c>// here</c>, the scope's end <c>// end</c>, and
/// candidates <c>// or here</c>.
/// </summary>
internal sealed class ClosingSource
{
    private ClosingSource(SocketClose close, CloseSite site, string source, string path)
    {
        Close = close;
        Site = site;
        string[] lines = source.Split('\n');
        Here = Array.FindIndex(lines, line => line.EndsWith("// here", StringComparison.Ordinal)) + 1;
        End = Array.FindIndex(lines, line => line.EndsWith("// end", StringComparison.Ordinal)) + 1;
        OrHere = lines.Select((line, index) => (line, Number: index + 1)).Where(pair => pair.line.EndsWith("// or here", StringComparison.Ordinal)).Select(pair => pair.Number).ToArray();
        Path = path;
    }

    public SocketClose Close { get; }

    public CloseSite Site { get; }

    public string Path { get; }

    public int Here { get; }

    public int End { get; }

    public int[] OrHere { get; }

    /// <param name="members">Members of the class Program; <c>static Task Run(Socket socket, Socket peer)</c> among them.</param>
    /// <param name="optimize">Release instead of Debug.</param>
    /// <param name="framework">A framework that the program needs besides .NET's own; null for none.</param>
    public static async Task<ClosingSource> RunAsync(string members, bool optimize, SharedFramework? framework = null)
    {
        string source = $$"""
            using System;
            using System.Collections.Generic;
            using System.IO;
            using System.Linq;
            using System.Net;
            using System.Net.Http;
            using System.Net.Sockets;
            using System.Runtime.CompilerServices;
            using System.Threading;
            using System.Threading.Tasks;
            {{(framework is null ? "" : "using Microsoft.AspNetCore.Builder;\nusing Microsoft.AspNetCore.Hosting;\nusing Microsoft.AspNetCore.Http;")}}

            public static class Program
            {
            {{members.ReplaceLineEndings("\n")}}
            }
            """.ReplaceLineEndings("\n");
        string folder = Directory.CreateTempSubdirectory("rstguard-closing-").FullName;
        try
        {
            string path = System.IO.Path.Combine(folder, "Closing.cs");
            string assembly = System.IO.Path.Combine(folder, "Closing.dll");
            SyntaxTree tree = CSharpSyntaxTree.ParseText(SourceText.From(source, System.Text.Encoding.UTF8), path: path);
            var compilation = CSharpCompilation.Create(
                "Closing" + Guid.NewGuid().ToString("N"),
                [tree],
                ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(System.IO.Path.PathSeparator).Select(MetadataReference (reference) => MetadataReference.CreateFromFile(reference)).Concat(framework?.References ?? []),
                new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: optimize ? OptimizationLevel.Release : OptimizationLevel.Debug));
            EmitResult result;
            using (FileStream image = File.Create(assembly))
            {
                result = compilation.Emit(image, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.Embedded));
            }

            Assert.True(result.Success, string.Join("\n", result.Diagnostics));
            var context = new AssemblyLoadContext("closing", isCollectible: true);
            context.Resolving += (_, name) => framework?.References.OfType<PortableExecutableReference>().FirstOrDefault(reference => System.IO.Path.GetFileNameWithoutExtension(reference.FilePath) == name.Name) is { FilePath: { } found }
                ? context.LoadFromAssemblyPath(found)
                : null;
            try
            {
                MethodInfo run = context.LoadFromAssemblyPath(assembly).GetType("Program")!.GetMethod("Run")!;
                using SocketEventLog.Lease lease = SocketEventLog.Acquire();
                lease.KeepAllStacks();
                Assert.Null(lease.Log.Distrust);
                (Socket socket, Socket peer) = LoopbackConnection.Open();
                var local = (IPEndPoint)socket.LocalEndPoint!;
                var remote = (IPEndPoint)socket.RemoteEndPoint!;
                Task running = (Task)run.Invoke(null, [socket, peer])!;
                await running;
                if (running is Task<(IPEndPoint Local, IPEndPoint Remote)> told)
                {
                    (local, remote) = await told;
                    socket.Dispose();
                }

                OwnConnection own = Assert.IsType<OwnConnection>(lease.Log.Find(local, remote, DateTimeOffset.UtcNow));
                peer.Dispose();

                // A framework shuts down first and closes on a thread of its own.
                Assert.True(SpinWait.SpinUntil(() => own.Close is not null, TimeSpan.FromSeconds(30)), $"{local} {remote}: {string.Join("; ", lease.Log.Gaps)}");
                SocketClose close = Assert.IsType<SocketClose>(own.Close);
                return new ClosingSource(close, CloseSiteResolver.Resolve(close), source, path);
            }
            finally
            {
                context.Unload();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

/// <summary>A loopback connection.</summary>
internal static class LoopbackConnection
{
    public static (Socket Socket, Socket Peer) Open(IPAddress? address = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0));
        listener.Listen(1);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        return (socket, listener.Accept());
    }
}
