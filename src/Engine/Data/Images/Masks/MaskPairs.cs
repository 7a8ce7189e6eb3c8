namespace Interactive.Data;

/// <summary>Which mask belongs to which picture: the one of the same name below its own folder.</summary>
internal static class MaskPairs
{
    /// <param name="images">Folder of the pictures.</param>
    /// <param name="pictures">Their files.</param>
    /// <param name="masks">Folder of the masks.</param>
    /// <param name="found">Their files.</param>
    /// <param name="anywhere">A mask of the name in another subfolder does too, where no two have it.</param>
    /// <exception cref="UsageException">A picture has no mask, or there are several for it.</exception>
    public static (string Image, string Mask)[] Of(string images, IEnumerable<string> pictures, string masks,
        IEnumerable<string> found, bool anywhere)
    {
        string[] all = [.. pictures], every = [.. found];
        if (all.Length == 0) throw new UsageException($"{images}: there is no picture");
        var byPath = every.ToLookup(path => Below(masks, path));
        var (byName, same) = (every.ToLookup(Name), all.ToLookup(Name));
        return [.. all.Select(path => (path, MaskOf(path)))];

        string MaskOf(string path)
        {
            var fitting = byPath[Below(images, path)].ToArray();
            if (fitting.Length == 0 && anywhere) fitting = [.. byName[Name(path)]];
            return fitting switch
            {
                [var only] when byPath[Below(images, path)].Any() || same[Name(path)].Count() == 1 => only,
                [var only] => throw new UsageException($"{only} would be the mask of several pictures: {string.Join(", ", same[Name(path)].Take(3))}; put masks into the pictures' subfolders"),
                [] => throw new UsageException($"{path}: there is no mask '{Below(images, path)}.png' in {masks}"),
                _ => throw new UsageException($"{path}: there are several masks for it: {string.Join(", ", fitting.Take(3))}"),
            };
        }
    }

    private static string Below(string folder, string path) => Path.ChangeExtension(Path.GetRelativePath(folder, path), null);
    private static string Name(string path) => Path.GetFileNameWithoutExtension(path);
}
