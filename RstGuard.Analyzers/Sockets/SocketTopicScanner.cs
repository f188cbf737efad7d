using System;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Sockets;

/// <summary>
/// Finds names of the network API in a file's text. Comments count too: the scan must be quick and must miss nothing; it need not
/// be exact.
/// </summary>
internal sealed class SocketTopicScanner
{
    private const int BufferLength = 4096;

    // "ocket" is in Socket and in socket; a name that another one holds need not be here.
    private static readonly (string Name, SocketTopics Topic)[] Names =
    [
        ("Abort", SocketTopics.Abort),
        ("ConnectTimeout", SocketTopics.Http),
        ("ConnectionHandler", SocketTopics.Http),
        ("HttpClient", SocketTopics.Http),
        ("HttpListener", SocketTopics.Http),
        ("KeepAliveTimeout", SocketTopics.Http),
        ("Linger", SocketTopics.Tcp),
        ("NetworkStream", SocketTopics.Tcp),
        ("ReceiveTimeout", SocketTopics.Tcp),
        ("SendTimeout", SocketTopics.Tcp),
        ("SslStream", SocketTopics.Tls),
        ("Tcp", SocketTopics.Tcp),
        ("ocket", SocketTopics.Tcp),
    ];

    private static readonly int LongestName = Names.Max(entry => entry.Name.Length);

    private char[]? _buffer;

    internal SocketTopics Scan(SourceText text)
    {
        char[] buffer = Interlocked.Exchange(ref _buffer, null) ?? new char[BufferLength];
        SocketTopics found = SocketTopics.None;

        // A name may lie across the end of a part: the next part begins before it.
        for (int start = 0; start < text.Length && found != SocketTopics.All; start += BufferLength - LongestName)
        {
            int length = Math.Min(BufferLength, text.Length - start);
            text.CopyTo(start, buffer, 0, length);
            ReadOnlySpan<char> part = buffer.AsSpan(0, length);

            // The runtime searches for one name many characters at a time: all names, one by one, take less than one look at each character.
            foreach ((string name, SocketTopics topic) in Names)
            {
                if ((found & topic) == 0 && part.IndexOf(name.AsSpan()) >= 0)
                {
                    found |= topic;
                }
            }
        }

        _buffer = buffer;
        return found;
    }

    /// <summary>
    /// What <c>global using</c> aliases of one file give all others a name for: <c>global using Link = System.Net.Sockets.TcpClient;</c>.
    /// </summary>
    internal SocketTopics ScanGlobalAliases(SyntaxNode root)
    {
        SocketTopics found = SocketTopics.None;
        if (root is CompilationUnitSyntax unit)
        {
            foreach (UsingDirectiveSyntax directive in unit.Usings)
            {
                // They stand before all others.
                if (directive.GlobalKeyword.RawKind == 0)
                {
                    break;
                }

                if (directive.Alias is not null)
                {
                    found |= Scan(SourceText.From(directive.ToString()));
                }
            }
        }

        return found;
    }
}
