using Interactive.Runtime;
using System.Text.Json;

namespace Interactive.Data;

/// <summary>The classes' names beside shards, which have no place for them: <c>classes.json</c>, a list.</summary>
internal static class ClassNamesFile
{
    public const string Name = "classes.json";

    public static void Write(string folder, IReadOnlyList<string> names)
    {
        if (names.Count > 0) AtomicFile.WriteText(Path.Combine(folder, Name), JsonSerializer.Serialize(names));
    }

    /// <summary>The names, or none where there is no such file.</summary>
    /// <exception cref="UsageException">The file is no list of names.</exception>
    public static IReadOnlyList<string> Read(string folder)
    {
        var path = Path.Combine(folder, Name);
        return File.Exists(path) ? Parse(File.ReadAllText(path), path) : [];
    }

    /// <summary>The names in a text.</summary>
    /// <exception cref="UsageException">It is no list of names.</exception>
    public static IReadOnlyList<string> Parse(string text, string path)
    {
        try { return JsonSerializer.Deserialize<string[]>(text) ?? []; }
        catch (JsonException) { throw new UsageException($"{path}: expected a list of names, as in [\"cat\", \"dog\"]"); }
    }
}
