using System.Text.Json;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Text;

/// <summary>BERT's tokens, against numbers made by a second implementation of its rules in Python.</summary>
public sealed class WordPieceTokenizerTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();
    private readonly JsonElement golden =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "Text", "Golden",
        "wordpiece.json"))).RootElement;

    public void Dispose() => File.Delete(path);

    private WordPieceTokenizer Tokens()
    {
        File.WriteAllLines(path, golden.GetProperty("vocabulary").EnumerateArray().Select(v => v.GetString()!));
        return WordPieceTokenizer.Load(path);
    }

    [Fact]
    public void Texts_have_the_tokens_of_Berts_rules()
    {
        var tokenizer = Tokens();
        var texts = golden.GetProperty("texts").EnumerateArray().ToList();
        Assert.Equal(18, texts.Count);
        Assert.All(texts,
            t
            => Assert.Equal(t.GetProperty("tokens").EnumerateArray().Select(v => v.GetInt32()),
            tokenizer.Encode(t.GetProperty("text").GetString()!)));
    }

    [Fact]
    public void A_text_is_laid_out_as_a_model_takes_it()
    {
        var tokenizer = Tokens();
        Assert.Equal([2L, .. tokenizer.Encode("hello").Select(t => (long)t), 3, 0, 0], tokenizer.Encode("hello", 5));
        Assert.Equal([2L, .. tokenizer.Encode("hello hello").Take(1).Select(t => (long)t), 3],
            tokenizer.Encode("hello hello", 3));
        Assert.Equal("a text needs room for its start and end, got a length of 1",
            Assert.Throws<UsageException>(() => tokenizer.Encode("x", 1)).Message);
    }

    [Fact]
    public void It_comes_back_from_its_file_and_from_its_tokens()
    {
        var tokenizer = Tokens();
        Assert.Equal("hello world play", tokenizer.Decode(tokenizer.Encode("Hello world play")));
        Assert.Equal("unaffable", tokenizer.Decode(tokenizer.Encode("unaffable")));
        tokenizer.Save(path);
        var again = Assert.IsType<WordPieceTokenizer>(Tokenizer.Load(path));
        Assert.Equal(tokenizer.Encode("Hello, unaffable world!"), again.Encode("Hello, unaffable world!"));
        File.WriteAllText(path, "[PAD]\n[UNK]\n[CLS]\n");
        Assert.Equal($"{path} is no vocabulary of BERT's: it has no [SEP]",
            Assert.Throws<UsageException>(() => Tokenizer.Load(path)).Message);
    }
}
