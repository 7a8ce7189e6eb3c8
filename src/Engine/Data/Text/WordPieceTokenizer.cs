using System.Globalization;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// BERT's tokens (Devlin et al. 2018; Wu et al. 2016): words and punctuation marks, each cut into the longest pieces of
/// the vocabulary from the left, <c>play ##ing</c>. Files have a piece a line, its number being the line's.
/// </summary>
public sealed class WordPieceTokenizer : ITokenizer
{
    private const int LongestWord = 100;
    private const string Inside = "##";

    // Letters whose accents are dropped, where the process knows no Unicode tables (InvariantGlobalization): Latin-1
    // and Latin Extended-A.
    private const string Accented = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżž";
    private const string Plain = "aaaaaaceeeeiiiinooooouuuuyyaaaccccdeeeeegggghiiiijklllnnnooorrrssssttuuuuuuwyzzz";

    private readonly string[] pieces;
    private readonly Dictionary<string, int> numbers;
    private readonly bool lower;

    private WordPieceTokenizer(string[] pieces, bool lower, string name)
    {
        (this.pieces, this.lower) = (pieces, lower);
        numbers = new Dictionary<string, int>(pieces.Length, StringComparer.Ordinal);
        for (var i = 0; i < pieces.Length; i++) numbers.TryAdd(pieces[i], i);
        int Need(string piece)
            => numbers.TryGetValue(piece, out var number) ? number
            : throw new UsageException($"{name} is no vocabulary of BERT's: it has no {piece}");
        (Padding, Unknown, Start, End) = (Need("[PAD]"), Need("[UNK]"), Need("[CLS]"), Need("[SEP]"));
    }

    /// <summary>Reads a vocabulary, such as <c>vocab.txt</c> of bert-base-uncased or MiniLM.</summary>
    /// <param name="path">A piece a line.</param>
    /// <param name="lower">Whether letters are made small and lose their accents; default true, as "uncased" models
    /// want it.</param>
    /// <exception cref="UsageException">The file is not there or lacks one of BERT's own pieces.</exception>
    public static WordPieceTokenizer Load(string path, bool lower = true)
        => File.Exists(path) ? new(File.ReadAllLines(path), lower, path)
        : throw new UsageException($"{path}: there is no such tokenizer file");

    /// <summary>The same from a stream, such as a resource of an assembly.</summary>
    /// <param name="stream">A piece a line.</param>
    /// <param name="lower">Whether letters are made small and lose their accents; default true.</param>
    public static WordPieceTokenizer Load(Stream stream, bool lower = true)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new(reader.ReadToEnd().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd('\r')).ToArray(), lower,
            "the stream");
    }

    /// <summary>The number that fills up short texts.</summary>
    public int Padding { get; }
    /// <summary>The number of a word that has no pieces.</summary>
    public int Unknown { get; }
    /// <summary>The number before a text (<c>[CLS]</c>).</summary>
    public int Start { get; }
    /// <summary>The number after a text (<c>[SEP]</c>).</summary>
    public int End { get; }
    /// <inheritdoc/>
    public int Vocabulary => pieces.Length;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        var tokens = new List<int>();
        foreach (var word in Words(text)) AddPieces(word, tokens);
        return [.. tokens];
    }

    /// <summary>
    /// A text as a model of BERT's kind takes it: its start, as many tokens as there is room for, its end, and padding.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="length">Of the result, at least 2.</param>
    public long[] Encode(string text, int length)
    {
        if (length < 2) throw new UsageException($"a text needs room for its start and end, got a length of {length}");
        var tokens = Encode(text).Take(length - 2).Prepend(Start).Append(End).Select(t => (long)t).ToArray();
        return [.. tokens, .. Enumerable.Repeat((long)Padding, length - tokens.Length)];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var text = new StringBuilder();
        foreach (var token in tokens)
        {
            var piece = (uint)token < (uint)pieces.Length ? pieces[token]
                : throw new UsageException($"token {token} is not in 0 to {Vocabulary - 1}");
            if (piece.StartsWith(Inside, StringComparison.Ordinal))
                text.Append(piece, Inside.Length, piece.Length - Inside.Length);
            else text.Append(text.Length > 0 ? " " : "").Append(piece);
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Save(string path) => File.WriteAllText(path, string.Concat(pieces.Select(p => p + "\n")));

    private void AddPieces(string word, List<int> tokens)
    {
        var first = tokens.Count;
        if (word.EnumerateRunes().Count() > LongestWord)
        {
            tokens.Add(Unknown);
            return;
        }
        for (var at = 0; at < word.Length;)
        {
            var end = word.Length;
            var number = -1;
            while (end > at && !numbers.TryGetValue(at == 0 ? word[..end] : Inside + word[at..end], out number))
                (end, number) = (end - 1, -1);
            if (number < 0)
            {
                tokens.RemoveRange(first, tokens.Count - first);
                tokens.Add(Unknown);
                return;
            }
            tokens.Add(number);
            at = end;
        }
    }

    // White space parts words; a punctuation mark and a Chinese character are words of their own; control characters
    // are dropped.
    private IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in Normalised(text).EnumerateRunes())
        {
            if (rune.Value is 0 or 0xFFFD || IsControl(rune)) continue;
            var alone = IsPunctuation(rune) || IsChinese(rune.Value);
            if ((alone || Rune.IsWhiteSpace(rune)) && word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
            if (alone) yield return rune.ToString();
            else if (!Rune.IsWhiteSpace(rune)) word.Append(rune.ToString());
        }
        if (word.Length > 0) yield return word.ToString();
    }

    private string Normalised(string text)
    {
        if (!lower || text.All(c => c < 0x80)) return lower ? text.ToLowerInvariant() : text;
        var letters = new StringBuilder();
        foreach (var letter in Valid(text).ToLowerInvariant().Normalize(NormalizationForm.FormD))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(letter) == UnicodeCategory.NonSpacingMark) continue;
            var accented = letter < 0x80 ? -1 : Accented.IndexOf(letter);
            letters.Append(accented < 0 ? letter : Plain[accented]);
        }
        return letters.ToString();
    }

    // A lone half of a pair is no text, and cannot be normalised.
    private static string Valid(string text) => string.Concat(text.EnumerateRunes().Select(r => r.ToString()));

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate;

    // All marks of ASCII, also those that Unicode calls symbols.
    private static bool IsPunctuation(Rune rune)
        => rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        || Rune.IsPunctuation(rune);

    private static bool IsChinese(int code)
        => code is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
