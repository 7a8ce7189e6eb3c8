using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>BERT's vocabularies.</summary>
internal sealed class WordPiecesTarget : IFuzzTarget
{
    public string Name => "word-pieces";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "vocab.txt");
        File.WriteAllText(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nwhale\n##s\n,\n");
        return path;
    }

    public void Read(string path)
    {
        var tokenizer = Tokenizer.Load(path);
        tokenizer.Decode(tokenizer.Encode("The whales, the Wäle"));
    }
}
