using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST1001: takes away what sets linger zero.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1001LingerZeroFix))]
public sealed class RST1001LingerZeroFix() : LingerFix(Catalogue.LingerZero);
