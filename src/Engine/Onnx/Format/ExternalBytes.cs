using System.Globalization;

namespace Interactive.Onnx;

/// <summary>Bytes of a weight that lie in another file of the model's folder.</summary>
/// <param name="weight">Its name, for messages.</param>
/// <param name="entries">As in the file: location, offset, length.</param>
/// <param name="folder">The model's.</param>
internal sealed class ExternalBytes(string weight, IReadOnlyDictionary<string, string> entries, string folder)
{
    /// <summary>Reads them.</summary>
    /// <param name="bytes">How many the weight's sizes ask for.</param>
    /// <exception cref="InvalidDataException">The file lies outside of the folder, is missing, or is too
    /// short.</exception>
    public byte[] Read(long bytes)
    {
        var location = entries.GetValueOrDefault("location") is { Length: > 0 } given ? given
            : throw new InvalidDataException($"the weight {weight} lies in another file, which is not named");
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        var path = location.Contains('\0') ? "" : Path.GetFullPath(Path.Combine(folder, location));
        if (Path.IsPathRooted(location) || !path.StartsWith(root, StringComparison.Ordinal)
            || File.Exists(path) && Target(path) is { } target && !target.StartsWith(root, StringComparison.Ordinal))
            throw new InvalidDataException($"the weight {weight} lies in {location.ReplaceLineEndings(" ")}, outside of the model's folder");
        if (!File.Exists(path)) throw new InvalidDataException($"the weight {weight} lies in {location.ReplaceLineEndings(" ")}, which is missing beside the model");
        var (offset, length) = (Number("offset", 0), Number("length", bytes));
        using var file = File.OpenRead(path);
        if (length != bytes || offset < 0 || offset > file.Length || bytes > file.Length - offset
            || bytes > Array.MaxLength)
            throw new InvalidDataException($"the weight {weight} takes {bytes} bytes from byte {offset} on, and {location} has {file.Length}");
        var content = new byte[bytes];
        file.Position = offset;
        file.ReadExactly(content);
        return content;
    }

    private static string? Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;

    private long Number(string key, long otherwise) => !entries.TryGetValue(key, out var text) ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new InvalidDataException($"the weight {weight} has the {key} '{text}'");
}
