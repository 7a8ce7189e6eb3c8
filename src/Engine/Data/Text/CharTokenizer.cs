using System.Text;
using System.Text.Json;

namespace Interactive.Data;

/// <summary>A token a character (Unicode scalar value), numbered in the order of their code points.</summary>
public sealed class CharTokenizer : ITokenizer
{
    private readonly Rune[] characters;
    private readonly Dictionary<Rune, int> numbers;

    private CharTokenizer(IEnumerable<Rune> kinds)
    {
        characters = [.. kinds];
        numbers = characters.Select((rune, i) => (rune, i)).ToDictionary(pair => pair.rune, pair => pair.i);
    }

    /// <summary>The tokenizer of the characters that occur in <paramref name="text"/>.</summary>
    /// <exception cref="UsageException">The text is empty.</exception>
    public static CharTokenizer From(string text)
        => text.Length > 0 ? new(text.EnumerateRunes().Distinct().Order())
        : throw new UsageException("a tokenizer cannot be made from an empty text");

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="UsageException">The file is another thing.</exception>
    public static CharTokenizer Load(string path)
    {
        try
        {
            if (JsonSerializer.Deserialize<Content>(File.ReadAllText(path)) is { Characters.Length: > 0 } content)
                return new CharTokenizer(content.Characters.EnumerateRunes());
        }
        catch (Exception e) when (e is JsonException or ArgumentException) { }
        throw new UsageException($"{path}: not a tokenizer of characters");
    }

    private sealed record Content(string Characters);

    /// <inheritdoc/>
    public int Vocabulary => characters.Length;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        var tokens = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            tokens.Add(numbers.TryGetValue(rune, out var number) ? number
                : throw new UsageException($"character '{rune}' (U+{rune.Value:X4}) is not among the {Vocabulary} of this tokenizer: make it from a text that holds it"));
        return [.. tokens];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> tokens)
    {
        var text = new StringBuilder(tokens.Length);
        foreach (var token in tokens)
            text.Append((uint)token < (uint)Vocabulary ? characters[token].ToString()
                : throw new UsageException($"token {token} is not in 0 to {Vocabulary - 1}"));
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Save(string path)
        => File.WriteAllText(path, JsonSerializer.Serialize(new Content(string.Concat(characters))));
}
