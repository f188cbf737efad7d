using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RstGuard.Benchmarks;

/// <summary>
/// What each set of analyzers cost in one build of a project, by the compiler's own report (<c>ReportAnalyzer</c>): seconds, summed over its
/// analyzers.
/// </summary>
/// <param name="First">In the first build, which loads the analyzers and compiles their code.</param>
/// <param name="Least">The least of the builds in a compiler server that had two builds before.</param>
internal sealed partial record BuildCost(double First, double Least)
{
    private const int WarmUps = 2;

    /// <summary>Builds <paramref name="project"/> with RstGuard's and the other analyzers, again and again: by assembly.</summary>
    /// <exception cref="InvalidOperationException">The build failed, or its output has no report.</exception>
    public static async Task<IReadOnlyDictionary<string, BuildCost>> OfAsync(FileInfo project, string framework, int rounds, CancellationToken cancellationToken)
    {
        // The server's pipe lies in the temporary folder too, so that its name must be another one.
        string folder = Directory.CreateTempSubdirectory("rstguard-build").FullName, server = Path.GetFileName(folder) + "-pipe";
        try
        {
            string targets = Path.Combine(folder, "analyzers.targets");
            string[] others = Metadata("OtherAnalyzers").Split(';');
            IEnumerable<string> analyzers = others.Select(other => Path.Combine(other, "*.dll")).Prepend(typeof(SocketRule).Assembly.Location);
            await File.WriteAllTextAsync(targets, $"<Project><ItemGroup>{string.Concat(analyzers.Select(path => $"<Analyzer Include=\"{path}\" />"))}</ItemGroup></Project>", cancellationToken);

            // A compiler server is what a developer's second build has: the first ones load the analyzers and compile their code. One of its own,
            // so that nobody else's builds are in it.
            await RunAsync(["restore", project.FullName], cancellationToken);
            Dictionary<string, BuildCost> costs = new(StringComparer.Ordinal);
            for (int round = 0, attempts = 0; round < WarmUps + rounds; attempts++)
            {
                string output = await RunAsync(
                    [
                        "build", project.FullName, "-c", "Release", "-f", framework, "--no-restore", "--no-incremental", "-v:d", "-p:ReportAnalyzer=true", "-p:TreatWarningsAsErrors=false",
                        "-p:GeneratePackageOnBuild=false", "-p:UseSharedCompilation=true", $"-p:SharedCompilationId={server}", $"-p:CustomAfterMicrosoftCommonTargets={targets}",
                    ],
                    cancellationToken);
                if (!output.Contains("CompilerServer: server - server processed compilation", StringComparison.Ordinal))
                {
                    // On a loaded machine the build gives the server up after a second and compiles without it, all cold.
                    if (attempts > 3 * (WarmUps + rounds))
                    {
                        throw new InvalidOperationException($"The builds of {project.Name} do not reach the compiler server, so that nothing is known of a warm build.");
                    }

                    continue;
                }

                Dictionary<string, double> times = Parse(output);
                if (!times.ContainsKey("RstGuard.Analyzers"))
                {
                    throw new InvalidOperationException($"The build of {project.Name} has no report of RstGuard.Analyzers: was the project built for {framework}?");
                }

                foreach ((string name, double time) in times)
                {
                    if (round == 0)
                    {
                        costs.Add(name, new BuildCost(time, double.MaxValue));
                    }
                    else if (round >= WarmUps)
                    {
                        costs[name] = costs[name] with { Least = Math.Min(costs[name].Least, time) };
                    }
                }

                round++;
            }

            return costs;
        }
        finally
        {
            await RunAsync(["exec", Metadata("CompilerServer"), "-shutdown", $"-pipename:{server}"], CancellationToken.None);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Seconds by assembly. Several assemblies of one product count together; generators, which report in the same form, do not.</summary>
    private static Dictionary<string, double> Parse(string output)
    {
        Dictionary<string, double> times = new(StringComparer.Ordinal);
        foreach (Match line in AssemblyLine().Matches(output))
        {
            string name = line.Groups["name"].Value switch
            {
                var one when one.EndsWith("NetAnalyzers", StringComparison.Ordinal) => "NetAnalyzers",
                var one => one,
            };
            if (!name.Contains("Generat", StringComparison.Ordinal))
            {
                times[name] = times.GetValueOrDefault(name) + double.Parse(line.Groups["seconds"].Value, CultureInfo.InvariantCulture);
            }
        }

        return times;
    }

    private static string Metadata(string key) =>
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == key).Value!;

    private static async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} failed:\n{output}");
    }

    //             0.266    4   RstGuard.Analyzers, Version=0.1.0.0, Culture=neutral, PublicKeyToken=null
    [GeneratedRegex(@"^ +<?(?<seconds>\d+[.,]\d+) +<?\d+ +(?<name>[\w.]+), Version=", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex AssemblyLine();
}
