using System.CommandLine;
using RstGuard.Benchmarks;

return new RootCommand("What RstGuard costs, measured beside what a project runs anyway.") { AnalyzersCommand.Create(), GateCommand.Create(), PerformanceCommand.Create() }.Parse(args).Invoke();
