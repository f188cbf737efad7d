using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace RstGuard.CallSites;

/// <summary>
/// The portable PDB of an assembly, embedded or beside it (https://github.com/dotnet/runtime/blob/main/docs/design/specs/PortablePdb-Metadata.md).
/// Read once an assembly, and only for assemblies of sockets that a verdict blames.
/// </summary>
internal sealed class PortableSymbols
{
    private static readonly ConditionalWeakTable<Assembly, StrongBox<PortableSymbols?>> Cache = [];

    private readonly MetadataReaderProvider _provider;

    private PortableSymbols(MetadataReaderProvider provider, bool optimized)
    {
        _provider = provider;
        IsOptimized = optimized;
    }

    /// <summary>Whether the compiler optimised, so that closing braces have no sequence points of their own.</summary>
    public bool IsOptimized { get; }

    /// <summary>The symbols of an assembly; null where there are none.</summary>
    public static PortableSymbols? Of(Assembly assembly) =>
        Cache.GetValue(assembly, static assembly => new StrongBox<PortableSymbols?>(Open(assembly))).Value;

    /// <summary>The method's sequence points in IL order, hidden ones included; empty where it has none.</summary>
    public IReadOnlyList<LinePoint> PointsOf(MethodBase method)
    {
        MetadataReader reader = _provider.GetMetadataReader();
        int row = method.MetadataToken & 0xFFFFFF;
        if (row == 0 || row > reader.MethodDebugInformation.Count)
        {
            return [];
        }

        var points = new List<LinePoint>();
        foreach (SequencePoint point in reader.GetMethodDebugInformation(MetadataTokens.MethodDebugInformationHandle(row)).GetSequencePoints())
        {
            points.Add(new LinePoint(
                point.Offset,
                point.IsHidden ? null : reader.GetString(reader.GetDocument(point.Document).Name),
                point.StartLine,
                IsBrace: point.EndLine == point.StartLine && point.EndColumn == point.StartColumn + 1));
        }

        return points;
    }

    /// <summary>The method that the programmer wrote, for a state machine's MoveNext; null for other methods.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where methods were trimmed away the event source is off too, and the self-test says so.")]
    public MethodBase? KickoffOf(MethodBase moveNext)
    {
        MetadataReader reader = _provider.GetMetadataReader();
        int row = moveNext.MetadataToken & 0xFFFFFF;
        if (row == 0 || row > reader.MethodDebugInformation.Count)
        {
            return null;
        }

        MethodDefinitionHandle kickoff = reader.GetMethodDebugInformation(MetadataTokens.MethodDebugInformationHandle(row)).GetStateMachineKickoffMethod();
        return kickoff.IsNil ? null : moveNext.Module.ResolveMethod(MetadataTokens.GetToken(kickoff));
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "An empty location means no symbols, which is handled.")]
    private static PortableSymbols? Open(Assembly assembly)
    {
        if (assembly.IsDynamic || string.IsNullOrEmpty(assembly.Location))
        {
            return null;
        }

        bool optimized = assembly.GetCustomAttribute<System.Diagnostics.DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };
        try
        {
            using var image = new PEReader(File.OpenRead(assembly.Location), PEStreamOptions.PrefetchEntireImage);
            return image.TryOpenAssociatedPortablePdb(
                assembly.Location,
                path => File.Exists(path) ? File.OpenRead(path) : null,
                out MetadataReaderProvider? provider,
                out _)
                ? new PortableSymbols(provider!, optimized)
                : null;
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or UnauthorizedAccessException)
        {
            // No symbols that can be read: sites in this assembly tell their method alone.
            return null;
        }
    }
}

/// <summary>One sequence point.</summary>
/// <param name="Offset">The IL offset from which on it counts.</param>
/// <param name="File">The source file; null for hidden code.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="IsBrace">Whether it covers one character: a brace.</param>
internal readonly record struct LinePoint(int Offset, string? File, int Line, bool IsBrace);
