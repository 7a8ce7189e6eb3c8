using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Kept tokenizers of byte pairs.</summary>
internal sealed class BytePairsTarget : IFuzzTarget
{
    public string Name => "byte-pairs";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "pairs.tiktoken");
        BytePairTokenizer.Train("the whale and the sea and the ship, the whale and the sea", 264).Save(path);
        return path;
    }

    public void Read(string path) => Tokenizer.Load(path).Encode("the whale");
}
