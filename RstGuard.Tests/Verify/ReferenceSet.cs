using System.Collections.Immutable;
using System.Reflection;
using Microsoft.CodeAnalysis;

namespace RstGuard.Tests.Verification;

/// <summary>
/// The reference assemblies that a test's source is compiled against: those that the SDK would give a project of that target.
/// They are loaded once for all tests.
/// </summary>
internal sealed class ReferenceSet
{
    public static readonly ReferenceSet Net80 = new("Net80ReferencePack");
    public static readonly ReferenceSet Net100 = new("Net100ReferencePack");
    public static readonly ReferenceSet Net80AspNetCore = new("Net80ReferencePack", "Net80AspNetCoreReferencePack");
    public static readonly ReferenceSet Net100AspNetCore = new("Net100ReferencePack", "Net100AspNetCoreReferencePack");

    /// <summary>With RstGuard.Runtime, as a project that uses the guard has it.</summary>
    public static readonly ReferenceSet Net100RstGuard = new("Net100ReferencePack") { _extra = [typeof(GracefulClose).Assembly.Location] };

    /// <summary>Nothing of the BCL's sockets: what a rule must survive, and cost nothing in.</summary>
    public static readonly ReferenceSet WithoutSockets = new("Net100ReferencePack") { _exclude = "System.Net.Sockets.dll" };

    private readonly string[] _packs;
    private readonly Lazy<ImmutableArray<MetadataReference>> _references;
    private string? _exclude;
    private string[] _extra = [];

    private ReferenceSet(params string[] packs)
    {
        _packs = packs;
        _references = new(() => [.. _packs.SelectMany(Files).Where(f => Path.GetFileName(f) != _exclude).Concat(_extra).Select(f => MetadataReference.CreateFromFile(f))]);
    }

    public ImmutableArray<MetadataReference> References => _references.Value;

    private static string[] Files(string pack)
    {
        string directory = typeof(ReferenceSet).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == pack).Value!;
        return Directory.Exists(directory)
            ? Directory.GetFiles(directory, "*.dll")
            : throw new DirectoryNotFoundException($"No reference assemblies at '{directory}'. They come with the SDK (packs/) or with `dotnet restore RstGuard.Tests`.");
    }
}
