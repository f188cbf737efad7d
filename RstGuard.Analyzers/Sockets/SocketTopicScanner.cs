using System;
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
    private const int LongestName = 20;
    private char[]? _buffer;

    internal SocketTopics Scan(SourceText text)
    {
        char[] buffer = Interlocked.Exchange(ref _buffer, null) ?? new char[BufferLength];
        SocketTopics found = SocketTopics.None;
        for (int start = 0; start < text.Length && found != SocketTopics.All; start += BufferLength - LongestName)
        {
            int length = Math.Min(BufferLength, text.Length - start);
            text.CopyTo(start, buffer, 0, length);
            for (int i = 0; i < length; i++)
            {
                found |= buffer[i] switch
                {
                    'A' when At(buffer, i, length, "Abort") => SocketTopics.Abort,
                    'o' when At(buffer, i, length, "ocket") => SocketTopics.Tcp,
                    'T' when At(buffer, i, length, "Tcp") => SocketTopics.Tcp,
                    'L' when At(buffer, i, length, "Linger") => SocketTopics.Tcp,
                    'N' when At(buffer, i, length, "NetworkStream") => SocketTopics.Tcp,
                    'S' when At(buffer, i, length, "SendTimeout") => SocketTopics.Tcp,
                    'S' when At(buffer, i, length, "SslStream") => SocketTopics.Tls,
                    'R' when At(buffer, i, length, "ReceiveTimeout") => SocketTopics.Tcp,
                    'H' when At(buffer, i, length, "HttpClient") || At(buffer, i, length, "HttpListener") => SocketTopics.Http,
                    'C' when At(buffer, i, length, "ConnectionHandler") || At(buffer, i, length, "ConnectTimeout") => SocketTopics.Http,
                    _ => SocketTopics.None,
                };
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

    private static bool At(char[] buffer, int index, int length, string name)
    {
        if (length - index < name.Length)
        {
            return false;
        }

        for (int i = 1; i < name.Length; i++)
        {
            if (buffer[index + i] != name[i])
            {
                return false;
            }
        }

        return true;
    }
}
