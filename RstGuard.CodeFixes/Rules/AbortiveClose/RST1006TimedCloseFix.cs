using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST1006: closes gracefully within the same time, and without a reset at its end.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1006TimedCloseFix))]
public sealed class RST1006TimedCloseFix() : GracefulCloseFix(Catalogue.TimedClose, takesTime: true);
