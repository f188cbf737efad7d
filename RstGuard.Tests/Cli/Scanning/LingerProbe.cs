using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Tests.Cli.Scanning;

#pragma warning disable RS1036, RS1038, RS1041, RS2008 // Not shipped: a probe that shows what the scanner hands to an analyzer.

/// <summary>
/// Reports every assignment to <c>Socket.LingerState</c> that binds, with what the analyzer is told of the project. A rule of its own,
/// so that a test of the scanner fails for the scanner alone.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
internal sealed class LingerProbe : DiagnosticAnalyzer
{
    public const string Id = "PROBE1";

    private static readonly DiagnosticDescriptor Rule = new(Id, "Probe", "test={0}", "Probe", DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(
            c =>
            {
                if (((ISimpleAssignmentOperation)c.Operation).Target is IPropertyReferenceOperation { Property: { Name: "LingerState", ContainingType.Name: "Socket" } })
                {
                    c.Options.AnalyzerConfigOptionsProvider.GlobalOptions.TryGetValue("build_property.IsTestProject", out string? isTest);
                    c.ReportDiagnostic(Diagnostic.Create(Rule, c.Operation.Syntax.GetLocation(), isTest ?? "no"));
                }
            },
            OperationKind.SimpleAssignment);
    }
}

/// <summary>Throws wherever it is asked.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
internal sealed class ThrowingProbe : DiagnosticAnalyzer
{
    private static readonly DiagnosticDescriptor Rule = new("PROBE2", "Probe", "Never reported", "Probe", DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(_ => throw new InvalidOperationException("the probe was asked to fail"), OperationKind.SimpleAssignment);
    }
}
