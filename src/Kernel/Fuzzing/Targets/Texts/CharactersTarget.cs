using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Kept tokenizers of characters.</summary>
internal sealed class CharactersTarget : IFuzzTarget
{
    public string Name => "characters";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "characters.json");
        CharTokenizer.From("Whale, ähnlich 🐋 \"quoted\"\n").Save(path);
        return path;
    }

    public void Read(string path) => _ = Tokenizer.Load(path).Decode(Tokenizer.Load(path).Encode(""));
}
