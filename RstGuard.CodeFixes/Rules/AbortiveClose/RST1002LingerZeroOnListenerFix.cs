using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST1002: takes away what switches linger on, which accepted sockets would inherit.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1002LingerZeroOnListenerFix))]
public sealed class RST1002LingerZeroOnListenerFix() : LingerFix(Catalogue.LingerZeroOnListener);
