using System.CommandLine;
using RstGuard.Benchmarks;

return new RootCommand("What RstGuard costs, measured beside what a project runs anyway.") { AnalyzersCommand.Create() }.Parse(args).Invoke();
