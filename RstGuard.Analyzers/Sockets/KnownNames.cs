using System.Collections.Immutable;

namespace RstGuard.Sockets;

/// <summary>Names that tell what code does where no symbol can: of decoders and loggers.</summary>
internal static class KnownNames
{
    /// <summary>Classes whose methods show or decode what they are given, and look for no more of it.</summary>
    internal static readonly ImmutableHashSet<string?> Decoders = ImmutableHashSet.Create<string?>(
        "Encoding", "ASCIIEncoding", "UTF8Encoding", "UnicodeEncoding", "EncodingExtensions", "Console", "Debug", "Trace", "ILogger", "LoggerExtensions", "BitConverter", "Convert");
}
