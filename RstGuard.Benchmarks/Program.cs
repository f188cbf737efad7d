using System.CommandLine;
using RstGuard.Benchmarks;

return new RootCommand("What RstGuard costs, measured beside what a project runs anyway.") { AnalyzersCommand.Create(), GateCommand.Create(), GuardCommand.Create(), GuardCommand.CreatePart(), PerformanceCommand.Create(), WireCommand.Create(), WireCommand.CreateRead(), LiveCapture.Create() }.Parse(args).Invoke();
