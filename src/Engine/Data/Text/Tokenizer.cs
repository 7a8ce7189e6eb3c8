namespace Interactive.Data;

/// <summary>Tokenizers by name and from files.</summary>
public static class Tokenizer
{
    /// <summary>What the name <c>gpt2</c> stands for: GPT-2's own tokenizer (Radford et al. 2019).</summary>
    public const string Gpt2 = "gpt2";

    /// <summary>
    /// Reads what <see cref="ITokenizer.Save"/> wrote, BERT's <c>vocab.txt</c>, or a folder with GPT-2's
    /// <c>vocab.json</c> and <c>merges.txt</c>.
    /// </summary>
    /// <exception cref="UsageException">The file is not there or is no tokenizer.</exception>
    public static ITokenizer Load(string path)
    {
        if (Directory.Exists(path))
            return BytePairTokenizer.FromVocabulary(Path.Combine(path, "vocab.json"), Path.Combine(path, "merges.txt"));
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such tokenizer file");
        using var file = File.OpenRead(path);
        return file.ReadByte() switch
        {
            '{' => CharTokenizer.Load(path),
            '[' => WordPieceTokenizer.Load(path),
            _ => BytePairTokenizer.Load(path)
        };
    }

    /// <summary>
    /// The tokenizer of a name: <c>chars</c>, the characters of <paramref name="text"/>; <c>bpe</c> or <c>bpe:1024</c>,
    /// byte pairs learned from it (default <c>bpe:512</c>); <c>gpt2</c>; else a file or folder for <see cref="Load"/>.
    /// </summary>
    /// <exception cref="UsageException">The name is none of these, or the size is out of range.</exception>
    public static ITokenizer Create(string name, string text)
    {
        if (name == "chars") return CharTokenizer.From(text);
        if (name == Gpt2) return BytePairTokenizer.Gpt2();
        if (name == "bpe") return BytePairTokenizer.Train(text, 512);
        if (name.StartsWith("bpe:") && int.TryParse(name[4..], out var vocabulary))
            return BytePairTokenizer.Train(text, vocabulary);
        if (Path.Exists(name)) return Load(name);
        throw new UsageException($"unknown tokenizer '{name}': choose chars, bpe, bpe:N with N tokens, gpt2, or a file that was saved");
    }
}
