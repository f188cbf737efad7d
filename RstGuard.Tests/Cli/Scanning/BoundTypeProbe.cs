using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Tests.Cli.Scanning;

#pragma warning disable RS1036, RS1038, RS1041, RS2008 // Not shipped: a probe that shows what the scanner hands to an analyzer.

/// <summary>Reports each <c>is</c> test for a type of this name that binds.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
internal sealed class BoundTypeProbe(string name) : DiagnosticAnalyzer
{
    private static readonly DiagnosticDescriptor Rule = new("PROBE3", "Probe", "Bound", "Probe", DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public BoundTypeProbe()
        : this("Socket")
    {
    }

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(
            c =>
            {
                if (((IIsTypeOperation)c.Operation).TypeOperand is { TypeKind: not TypeKind.Error } type && type.Name == name)
                {
                    c.ReportDiagnostic(Diagnostic.Create(Rule, c.Operation.Syntax.GetLocation()));
                }
            },
            OperationKind.IsType);
    }
}
