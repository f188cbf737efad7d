using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>
/// RST2011: ends sending instead, and closes gracefully, where the close is the next statement. Elsewhere the shutdown may be there to wake
/// a receive, or the peer may go on to talk, and only a person can say what is to become of that.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2011ShutdownReceiveFix))]
public sealed class RST2011ShutdownReceiveFix() : GracefulCloseFix(Catalogue.ShutdownReceive);
