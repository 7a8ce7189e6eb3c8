using System.Globalization;
using System.IO.Compression;
using System.Text;
using CsvHelper.Configuration;

namespace Interactive.Data;

/// <summary>A CSV file (RFC 4180, a header line; <c>.tsv</c> separates by tabs; <c>.gz</c> is unpacked).</summary>
internal static class CsvFile
{
    /// <summary>What stands for a value that is missing, in any letters.</summary>
    public static readonly HashSet<string> Missing =
        new(StringComparer.OrdinalIgnoreCase) { "", "NA", "N/A", "#N/A", "<NA>", "NaN", "-NaN", "null", "?" };

    // Letters of another encoding would all become the same mark, and categories with them.
    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    /// <summary>A header of one name that other separators divide would make every row one value.</summary>
    /// <exception cref="UsageException">It is one.</exception>
    public static void RequireSeparated(string path, string[] header)
    {
        if (header is [var only] && only.AsSpan().IndexOfAny(";\t|") is >= 0 and var at)
            throw new UsageException($"{path}: its columns are separated by {(only[at] == '\t' ? "tabs" : $"'{only[at]}'")}: commas are read, and tabs where the file's name ends with .tsv");
    }

    /// <summary>Opens it. The reader goes with its file.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static (StreamReader Reader, CsvConfiguration Way) Open(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        var isPacked = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        var file = File.OpenRead(path);
        var name = isPacked ? path[..^3] : path;
        var isTabbed = Path.GetExtension(name).Equals(".tsv", StringComparison.OrdinalIgnoreCase);
        return (new StreamReader(isPacked ? new GZipStream(file, CompressionMode.Decompress) : file, strict),
            new CsvConfiguration(CultureInfo.InvariantCulture) { Delimiter = isTabbed ? "\t" : "," });
    }

    /// <summary>A file that ends where it should not, in one line.</summary>
    public static UsageException Damaged(string path, Exception e) => new($"{path}{(e is CsvHelper.BadDataException { Context.Parser: { } at } ? $", line {at.RawRow}: a quote that is not closed or stands amid a value" : e is DecoderFallbackException ? ": not a text in UTF-8" : ": not a gzip file, or cut short")}");
}
