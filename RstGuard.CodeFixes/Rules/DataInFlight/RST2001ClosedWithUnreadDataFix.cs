using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST2001: closes gracefully, so that what is unread is read first.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2001ClosedWithUnreadDataFix))]
public sealed class RST2001ClosedWithUnreadDataFix() : GracefulCloseFix(Catalogue.ClosedWithUnreadData);
