using Interactive.Runtime;
using System.Globalization;

namespace Interactive.Data;

/// <summary>
/// Where the files of a tar archive lie, kept beside it as <c>NAME.tar.index</c>, so that it is searched once. A first
/// line tells the archive's length and time: where they differ, it is searched again.
/// </summary>
internal static class TarIndex
{
    private const string Format = "tar-index-1";

    public static List<TarMember> Of(string path)
    {
        var file = new FileInfo(path);
        var head = FormattableString.Invariant($"{Format} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        var side = $"{path}.index";
        if (Read(side, head, file.Length) is { } known) return known;
        var members = TarFile.Members(path);
        try
        {
            AtomicFile.WriteText(side,
            string.Concat(members.Select(m => FormattableString.Invariant($"{m.Offset} {m.Length} {m.Path}\n"))
            .Prepend($"{head} {members.Count}\n")));
        }
        // a folder that may not be written: searched again next time
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
        return members;
    }

    private static List<TarMember>? Read(string side, string head, long archive)
    {
        if (!File.Exists(side)) return null;
        var lines = File.ReadAllLines(side);
        if (lines.Length == 0 || lines[0] != FormattableString.Invariant($"{head} {lines.Length - 1}")) return null;
        var members = new List<TarMember>(lines.Length - 1);
        foreach (var line in lines.AsSpan(1))
            if (line.Split(' ', 3) is [var offset, var length, var path]
                && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
                && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
                && bytes <= archive && at <= archive - bytes) members.Add(new(path, at, bytes));
            else return null;
        return members;
    }
}
