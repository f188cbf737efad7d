using System.Net;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace RstGuard.Tests.Guard;

/// <summary>A program outside of this process that makes resets; compiled once for each run.</summary>
internal static class OutsideProcess
{
    private const string Source = """
        using System;
        using System.Net;
        using System.Net.Sockets;

        var end = IPEndPoint.Parse(args[1]);
        var listener = new TcpListener(end);
        if (args[0] == "reset-itself")
        {
            listener.Start();
            end = (IPEndPoint)listener.LocalEndpoint;
        }

        var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(end);
        socket.LingerState = new LingerOption(true, 0);
        using Socket accepted = args[0] == "reset-itself" ? listener.AcceptSocket() : null;
        if (args[0] == "connect-and-reset")
        {
            // Not before the other side has accepted: a reset that comes earlier is of a connection that no socket stands for.
            socket.Receive(new byte[1]);
        }

        string ends = socket.LocalEndPoint + " " + socket.RemoteEndPoint;
        socket.Dispose();
        Console.Write(ends);
        """;

    /// <summary>Runs it to its end: <c>connect-and-reset</c> to the end given, once it has been sent a byte, or <c>reset-itself</c>, a connection between two ends on that address.</summary>
    /// <returns>The end that sent the reset, a space, and the other end.</returns>
    public static async Task<string> RunAsync(string mode, IPEndPoint end)
    {
        string folder = Directory.CreateTempSubdirectory("rstguard-outside-").FullName;
        try
        {
            string assembly = Path.Combine(folder, "Outside.dll");
            var compilation = CSharpCompilation.Create(
                "Outside",
                [CSharpSyntaxTree.ParseText(Source)],
                ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(reference => MetadataReference.CreateFromFile(reference)),
                new CSharpCompilationOptions(OutputKind.ConsoleApplication));
            EmitResult result = compilation.Emit(assembly);
            Assert.True(result.Success, string.Join("\n", result.Diagnostics));
            string runtime = Environment.Version.ToString();
            await File.WriteAllTextAsync(
                Path.ChangeExtension(assembly, ".runtimeconfig.json"),
                $$"""{ "runtimeOptions": { "framework": { "name": "Microsoft.NETCore.App", "version": "{{runtime}}" } } }""");
            (int exitCode, string output) = await DotNet.RunAsync(TimeSpan.FromMinutes(3), "exec", assembly, mode, end.ToString());
            Assert.True(exitCode == 0, output);
            return output;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
