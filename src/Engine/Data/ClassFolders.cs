using System.IO.Enumeration;

namespace Interactive.Data;

/// <summary>A folder whose subfolders are classes.</summary>
internal static class ClassFolders
{
    /// <summary>The classes and their files, class by class.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="classes">The classes' names by number, such as another part's; null for the subfolders in ordinal order.</param>
    /// <param name="kind">What its files are.</param>
    /// <param name="find">The files below a subfolder, in order.</param>
    /// <param name="endings">Those that are taken, for messages.</param>
    /// <exception cref="UsageException">There is no subfolder, one is none of the classes, or has no file.</exception>
    public static (IReadOnlyList<string> Classes, (string Path, int Class)[] Files) Find(string folder,
        IReadOnlyList<string>? classes, string kind, Func<string, IEnumerable<string>> find, IEnumerable<string> endings)
    {
        string[] there = [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
        if (there.Length == 0) throw new UsageException($"{folder}: there is no subfolder; each is a class of {kind}s");
        if (classes is not null && there.Except(classes).FirstOrDefault() is { } other) throw new UsageException($"{folder}: the subfolder '{other}' is none of the classes {string.Join(", ", classes)}");
        classes ??= there;
        return (classes, [.. classes.SelectMany((name, i) => there.Contains(name) ? Of(name).Select(path => (path, i)) : [])]);

        string[] Of(string name) => find(Path.Combine(folder, name)).ToArray() is { Length: > 0 } found ? found
            : throw new UsageException($"{Path.Combine(folder, name)}: class '{name}' has no {kind} ({string.Join(", ", endings)})");
    }

    /// <summary>
    /// The files anywhere below a folder. Links to folders are followed, as torchvision does, but for those that lead back up: their
    /// files would come many times.
    /// </summary>
    public static IEnumerable<string> Below(string folder)
        => new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry)
                => (entry.Attributes & FileAttributes.ReparsePoint) == 0 || !LeadsUp(entry.ToFullPath()),
        };

    private static bool LeadsUp(string link)
        => Directory.ResolveLinkTarget(link, returnFinalTarget: true) is { } target
            && $"{Path.GetFullPath(link)}/".StartsWith($"{target.FullName.TrimEnd('/')}/", StringComparison.Ordinal);
}
