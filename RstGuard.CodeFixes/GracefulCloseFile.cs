using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>
/// The one internal file that fixes add to a project without RstGuard.Runtime. It is the Runtime's own source, embedded at build,
/// so that what is tested there is what is written here.
/// </summary>
internal static class GracefulCloseFile
{
    internal const string Name = "GracefulClose.cs";
    internal const string TypeName = "GracefulClose";

    // What the Runtime's project uses implicitly.
    private static readonly string[] Usings = ["System", "System.Diagnostics", "System.IO", "System.Net.Security", "System.Net.Sockets", "System.Net.WebSockets", "System.Threading", "System.Threading.Tasks"];

    private static readonly string Declaration = Read(Name, TypeName);

    /// <summary>The file's text for a project with this language version; no namespace: the global one.</summary>
    internal static SourceText Text(string? containingNamespace, LanguageVersion language, string newLine) =>
        Text(Declaration, Usings, containingNamespace, language, newLine);

    /// <summary>The same of another file of the Runtime, as <see cref="Read"/> returns it.</summary>
    internal static SourceText Text(string declaration, string[] usings, string? containingNamespace, LanguageVersion language, string newLine)
    {
        var text = new StringBuilder();
        foreach (string name in usings)
        {
            text.Append("using ").Append(name).Append(";\n");
        }

        text.Append('\n');
        if (string.IsNullOrEmpty(containingNamespace))
        {
            text.Append(declaration);
        }
        else if (language >= LanguageVersion.CSharp10)
        {
            text.Append("namespace ").Append(containingNamespace).Append(";\n\n").Append(declaration);
        }
        else
        {
            string indented = string.Join("\n", declaration.TrimEnd().Split('\n').Select(line => line.Length == 0 ? line : "    " + line));
            text.Append("namespace ").Append(containingNamespace).Append("\n{\n").Append(indented).Append("\n}\n");
        }

        return SourceText.From(text.Replace("\n", newLine).ToString(), Encoding.UTF8);
    }

    /// <summary>The embedded source of the type <paramref name="typeName"/>, made internal.</summary>
    internal static string Read(string file, string typeName)
    {
        using var reader = new StreamReader(typeof(GracefulCloseFile).Assembly.GetManifestResourceStream(file)!);
        string source = reader.ReadToEnd().Replace("\r\n", "\n");
        const string Namespace = "namespace RstGuard;\n\n";
        return source.Substring(source.IndexOf(Namespace, StringComparison.Ordinal) + Namespace.Length)
            .Replace("public static class " + typeName, "internal static class " + typeName);
    }
}
