using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>The file that RST2007's fix adds: the Runtime's own source, as <see cref="GracefulCloseFile"/> is.</summary>
internal static class DuplexCopyFile
{
    internal const string Name = "DuplexCopy.cs";
    internal const string TypeName = "DuplexCopy";

    private static readonly string[] Usings = ["System", "System.IO", "System.Net.Sockets", "System.Threading", "System.Threading.Tasks"];

    private static readonly string Declaration = GracefulCloseFile.Read(Name, TypeName);

    /// <summary>The file's text for a project with this language version; no namespace: the global one.</summary>
    internal static SourceText Text(string? containingNamespace, LanguageVersion language, string newLine) =>
        GracefulCloseFile.Text(Declaration, Usings, containingNamespace, language, newLine);
}
