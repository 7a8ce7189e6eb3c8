namespace Interactive.Data;

/// <summary>
/// Files by a pattern: <c>train-*.tar</c>, or a run of numbers as in <c>train-{000000..000099}.tar</c>.
/// </summary>
internal static class FilePattern
{
    /// <summary>The files, in order.</summary>
    /// <exception cref="UsageException">None is there, or one of a run is missing.</exception>
    public static string[] Expand(string pattern)
    {
        if (Run(pattern) is { } run) return [.. run.Select(Existing)];
        if (!pattern.Contains('*') && !pattern.Contains('?')) return [Existing(pattern)];
        var folder = Path.GetDirectoryName(pattern) is { Length: > 0 } parent ? parent : ".";
        string[] found = Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, Path.GetFileName(pattern)).Order(StringComparer.Ordinal)] : [];
        return found.Length > 0 ? found : throw new UsageException($"{pattern}: there is no such file");
    }

    /// <summary>The names of a run of numbers; null where the pattern has none.</summary>
    public static string[]? Run(string pattern)
    {
        var (open, close) = (pattern.IndexOf('{'), pattern.IndexOf('}'));
        if (open >= 0 && close > open && pattern[(open + 1)..close].Split("..") is [var first, var last]
            && int.TryParse(first, out var from) && int.TryParse(last, out var to) && from <= to)
            return [.. Enumerable.Range(from, to - from + 1)
                .Select(i => pattern[..open] + i.ToString().PadLeft(first.Length, '0') + pattern[(close + 1)..])];
        return null;
    }

    private static string Existing(string path)
        => File.Exists(path) ? path : throw new UsageException($"{path}: there is no such file");
}
