namespace Interactive.Data;

/// <summary>Reads text files as one text.</summary>
public static class TextFiles
{
    /// <summary>The texts of files, one behind the other in the given order, as UTF-8.</summary>
    /// <exception cref="UsageException">There is no file, or one is missing.</exception>
    public static string Read(IEnumerable<string> paths)
    {
        var text = new System.Text.StringBuilder();
        foreach (var path in paths)
            text.Append(File.Exists(path) ? File.ReadAllText(path)
                : throw new UsageException($"{path}: there is no such text file"));
        return text.Length > 0 ? text.ToString()
            : throw new UsageException("no text: give at least one file that is not empty");
    }

    /// <summary>
    /// The files of a folder in the order of their names, links left out, so that no text comes twice.
    /// </summary>
    /// <exception cref="UsageException">The folder is missing.</exception>
    public static IReadOnlyList<string> In(string folder)
        => Directory.Exists(folder)
        ? [.. new DirectoryInfo(folder).EnumerateFiles().Where(f => f.LinkTarget is null).Select(f => f.FullName)
        .Order(StringComparer.Ordinal)]
            : throw new UsageException($"{folder}: there is no such folder");
}
