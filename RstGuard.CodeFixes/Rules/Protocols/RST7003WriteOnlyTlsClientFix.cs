using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST7003: says goodbye in TLS and reads to the end before the close, so that the session tickets are read too.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST7003WriteOnlyTlsClientFix))]
public sealed class RST7003WriteOnlyTlsClientFix() : GracefulCloseFix(Catalogue.WriteOnlyTlsClientReset, protocol: "System.Net.Security.SslStream");
