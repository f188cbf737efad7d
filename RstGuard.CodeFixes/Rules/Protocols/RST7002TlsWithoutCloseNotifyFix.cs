using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST7002: sends close_notify and reads to the end before the close.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST7002TlsWithoutCloseNotifyFix))]
public sealed class RST7002TlsWithoutCloseNotifyFix() : GracefulCloseFix(Catalogue.TlsWithoutCloseNotify, protocol: "System.Net.Security.SslStream");
