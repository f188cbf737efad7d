using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST2009: closes gracefully, so that a reply is read and dropped first.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2009ReplyNeverReadFix))]
public sealed class RST2009ReplyNeverReadFix() : GracefulCloseFix(Catalogue.ReplyNeverRead);
