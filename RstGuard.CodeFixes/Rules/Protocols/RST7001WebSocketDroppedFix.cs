using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace RstGuard.Rules;

/// <summary>RST7001: makes the close handshake, with a limit on its time, before the WebSocket is disposed of.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST7001WebSocketDroppedFix))]
public sealed class RST7001WebSocketDroppedFix() : GracefulCloseFix(Catalogue.WebSocketDropped, protocol: "System.Net.WebSockets.WebSocket");
