using System.Text.Json;
using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>The vocabulary of a folder with GPT-2's two files.</summary>
internal sealed class VocabularyTarget : IFuzzTarget
{
    public string Name => "vocabulary";

    public string Write(string folder)
    {
        // A byte is written as itself where it can be seen, else as a letter from U+0100 on.
        var hidden = 256;
        var bytes =
            Enumerable.Range(0, 256)
            .Select(b => b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : (char)hidden++)
            .Select(c => c.ToString());
        var path = Path.Combine(folder, "vocab.json");
        File.WriteAllText(path,
            JsonSerializer.Serialize(bytes.Concat(["th", "the", "<|end|>"]).Select((token, i) => (token, i))
            .ToDictionary(p => p.token, p => p.i)));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\nt h\nth e\n");
        return path;
    }

    public void Read(string path) => Tokenizer.Load(Path.GetDirectoryName(path)!).Encode("the");
}
