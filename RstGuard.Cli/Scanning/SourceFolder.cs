using System.Collections.Immutable;

namespace RstGuard.Cli.Scanning;

/// <summary>The C# sources of one compilation: those whose nearest .csproj upward is the same, or those that have none.</summary>
/// <param name="Directory">The folder of the .csproj, or the scanned folder.</param>
/// <param name="ProjectPaths">The .csproj files of that folder, mostly one; empty for sources without.</param>
/// <param name="Sources">Full paths, ordered.</param>
internal sealed record SourceProject(string Directory, ImmutableArray<string> ProjectPaths, ImmutableArray<string> Sources);

/// <summary>What a folder holds: its sources, project by project, and what of it could not be read.</summary>
internal sealed class SourceFolder
{
    /// <summary>Nobody writes 16 MiB of C#; parsing it would take more than a gigabyte.</summary>
    private const long MaxSourceBytes = 16 * 1024 * 1024;

    private SourceFolder(ImmutableArray<SourceProject> projects, ImmutableArray<string> notes)
    {
        Projects = projects;
        Notes = notes;
    }

    /// <summary>Ordered by folder.</summary>
    public ImmutableArray<SourceProject> Projects { get; }

    /// <summary>Files and folders that were passed over although they may hold sources, each with the reason.</summary>
    public ImmutableArray<string> Notes { get; }

    /// <summary>
    /// Walks <paramref name="root"/>. Passed over in silence: what the build writes (<c>bin</c>, <c>obj</c>), packages
    /// (<c>node_modules</c>) and folders whose name begins with a dot, as MSBuild does. Links to folders are not followed, so a loop can't
    /// hold it; links to files are, once each.
    /// </summary>
    public static SourceFolder Read(string root, CancellationToken cancellationToken)
    {
        List<string> sources = [], projectFiles = [], notes = [];
        Stack<DirectoryInfo> pending = new([new DirectoryInfo(root)]);
        List<FileInfo> links = [];
        while (pending.TryPop(out DirectoryInfo? directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            FileSystemInfo[] entries;
            try
            {
                entries = directory.GetFileSystemInfos();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                notes.Add($"{directory.FullName}: not read, {e.Message}");
                continue;
            }

            foreach (FileSystemInfo entry in entries)
            {
                if (entry is DirectoryInfo child)
                {
                    if (child.Name is "bin" or "obj" or "node_modules" || child.Name.StartsWith('.'))
                    {
                        continue;
                    }

                    if (child.LinkTarget is { } target)
                    {
                        notes.Add($"{child.FullName}: a link to {target}, not followed; scan its target by itself if it lies elsewhere");
                        continue;
                    }

                    pending.Push(child);
                }
                else if (entry is FileInfo file)
                {
                    bool isProject = file.Name.EndsWith(".csproj", StringComparison.OrdinalIgnoreCase);
                    if (isProject)
                    {
                        projectFiles.Add(file.FullName);
                    }
                    else if (!file.Name.EndsWith(".cs", StringComparison.OrdinalIgnoreCase))
                    {
                        continue;
                    }
                    else if (file.LinkTarget is not null)
                    {
                        links.Add(file);
                    }
                    else if (IsReadableSize(file, file, notes))
                    {
                        sources.Add(file.FullName);
                    }
                }
            }
        }

        AddLinkedFiles(links, sources, notes);
        notes.Sort(StringComparer.Ordinal);
        return new SourceFolder(Group(root, sources, projectFiles), [.. notes]);
    }

    /// <summary>An empty file declares nothing; pipes and devices, which would never end, have no length either.</summary>
    private static bool IsReadableSize(FileInfo file, FileInfo named, List<string> notes)
    {
        if (file.Length > MaxSourceBytes)
        {
            notes.Add($"{named.FullName}: not read, larger than {MaxSourceBytes >> 20} MiB");
            return false;
        }

        return file.Length > 0;
    }

    private static void AddLinkedFiles(List<FileInfo> links, List<string> sources, List<string> notes)
    {
        HashSet<string> known = new(sources, StringComparer.Ordinal);
        foreach (FileInfo link in links.OrderBy(l => l.FullName, StringComparer.Ordinal))
        {
            try
            {
                if (link.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target)
                {
                    if (known.Add(target.FullName) && IsReadableSize(target, link, notes))
                    {
                        sources.Add(link.FullName);
                    }

                    continue;
                }

                notes.Add($"{link.FullName}: a link whose target is missing");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Links that lead to each other end here.
                notes.Add($"{link.FullName}: a link that leads nowhere, {e.Message}");
            }
        }
    }

    private static ImmutableArray<SourceProject> Group(string root, List<string> sources, List<string> projectFiles)
    {
        ILookup<string, string> projects = projectFiles.ToLookup(p => Path.GetDirectoryName(p)!, StringComparer.Ordinal);
        Dictionary<string, string?> nearest = new(StringComparer.Ordinal);
        Dictionary<string, ImmutableArray<string>> above = new(StringComparer.Ordinal);
        return sources
            .GroupBy(s => Nearest(Path.GetDirectoryName(s)!) ?? "", StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new SourceProject(
                g.Key.Length > 0 ? g.Key : root,
                g.Key.Length > 0 ? ProjectsIn(g.Key) : [],
                [.. g.Order(StringComparer.Ordinal)]))
            .ToImmutableArray();

        string? Nearest(string directory)
        {
            if (!nearest.TryGetValue(directory, out string? found))
            {
                found = !ProjectsIn(directory).IsEmpty ? directory : Path.GetDirectoryName(directory) is { } parent ? Nearest(parent) : null;
                nearest[directory] = found;
            }

            return found;
        }

        ImmutableArray<string> ProjectsIn(string directory)
        {
            if (projects.Contains(directory))
            {
                return [.. projects[directory].Order(StringComparer.Ordinal)];
            }

            // The scanned folder may lie inside a project; folders below it were walked.
            if (directory.Length >= root.Length)
            {
                return [];
            }

            if (!above.TryGetValue(directory, out ImmutableArray<string> found))
            {
                try
                {
                    found = [.. Directory.EnumerateFiles(directory, "*.csproj").Order(StringComparer.Ordinal)];
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // A folder above the scanned one that can't be listed has no project for us.
                    found = [];
                }

                above[directory] = found;
            }

            return found;
        }
    }
}
