using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST1009: takes away what sets a linger time.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1009LingerTimeFix))]
public sealed class RST1009LingerTimeFix() : LingerFix(Catalogue.LingerTime);
