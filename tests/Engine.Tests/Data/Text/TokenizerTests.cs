using CsCheck;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Text;

public class TokenizerTests
{
    private const string Sample = "This program is free software: you can redistribute it and/or modify it. It's 2007 — naïve Übergrößen, 日本語, 🐧!\n\n  Indented\tline";

    [Theory]
    [InlineData("Hello, world!", new[] { 15496, 11, 995, 0 })] // numbers of OpenAI's own encoder
    [InlineData("<|endoftext|>", new[] { 50256 })]
    [InlineData("", new int[0])]
    public void Gpt2_has_the_published_numbers(string text, int[] expected)
    {
        var gpt2 = BytePairTokenizer.Gpt2();
        Assert.Equal(expected, gpt2.Encode(text));
        Assert.Equal(text, gpt2.Decode(expected));
        Assert.Equal(50257, gpt2.Vocabulary);
    }

    [Fact]
    public void Gpt2_has_the_numbers_of_the_package_for_a_long_text()
    {
        var peer = Microsoft.ML.Tokenizers.TiktokenTokenizer.CreateForModel("gpt2");
        Assert.Equal(peer.EncodeToIds(Sample), BytePairTokenizer.Gpt2().Encode(Sample));
    }

    [Fact]
    public void Learned_pairs_are_the_most_frequent_ones()
    {
        // "aaabdaaabac" of the usual example: aa, then ab (as often as aa-a, with smaller numbers), then aaab; what
        // follows occurs once only
        var tokenizer = BytePairTokenizer.Train("aaabdaaabac", 300);
        Assert.Equal(["aa", "ab", "aaab"],
            Enumerable.Range(256, tokenizer.Vocabulary - 256).Select(i => tokenizer.Decode([i])));
        Assert.Equal([258, 'd', 258, 'a', 'c'], tokenizer.Encode("aaabdaaabac"));
    }

    [Fact]
    public void A_learned_tokenizer_gives_any_text_back_and_shortens_its_own()
    {
        var tokenizer = BytePairTokenizer.Train(string.Concat(Enumerable.Repeat(Sample, 3)), 320);
        Assert.Equal(320, tokenizer.Vocabulary);
        Assert.True(tokenizer.Encode(Sample).Length < Sample.Length * 2 / 3);
        Gen.String.Where(text => text.All(c => !char.IsSurrogate(c)))
            .Sample(text => tokenizer.Decode(tokenizer.Encode(text)) == text, iter: 200);
    }

    [Fact]
    public void A_byte_that_is_no_whole_character_is_shown_as_such()
        => Assert.Equal("\uFFFD", BytePairTokenizer.Train("x", 256).Decode([0xE6]));

    [Fact]
    public void Saved_tokenizers_come_back()
    {
        using var files = new TemporaryFiles();
        foreach (var tokenizer in (ITokenizer[])[CharTokenizer.From(Sample), BytePairTokenizer.Train(Sample, 270),
            BytePairTokenizer.Gpt2()])
        {
            tokenizer.Save(files["tokenizer"]);
            var again = Tokenizer.Load(files["tokenizer"]);
            Assert.IsType(tokenizer.GetType(), again);
            Assert.Equal(tokenizer.Vocabulary, again.Vocabulary);
            Assert.Equal(tokenizer.Encode(Sample), again.Encode(Sample));
            Assert.Equal(Sample, again.Decode(again.Encode(Sample)));
        }
    }

    [Fact]
    public void Characters_are_numbered_in_their_order()
    {
        var tokenizer = CharTokenizer.From("cabbage 🐧");
        Assert.Equal(7, tokenizer.Vocabulary);
        Assert.Equal([3, 1, 2, 6], tokenizer.Encode("cab🐧"));
        var error = Assert.Throws<UsageException>(() => tokenizer.Encode("cabz"));
        Assert.Equal("character 'z' (U+007A) is not among the 7 of this tokenizer: make it from a text that holds it",
            error.Message);
    }

    [Fact]
    public void Gpt2s_two_files_are_read()
    {
        using var files = new TemporaryFiles();
        // the 256 bytes as GPT-2 writes them, in its order, then two joins and the end of a text
        var visible = Enumerable.Range(33, 94).Concat(Enumerable.Range(0xA1, 12)).Concat(Enumerable.Range(0xAE, 82))
            .ToArray();
        var all =
            visible.Concat(Enumerable.Range(256, 256 - visible.Length)).Select(c => ((char)c).ToString())
            .Concat(["Ġt", "Ġth", "<|endoftext|>"]).ToArray();
        files.Write("vocab.json",
            System.Text.Json.JsonSerializer.Serialize(all.Select((token, i) => (token, i)).ToDictionary(p => p.token,
            p => p.i)));
        files.Write("merges.txt", "#version: 0.2\nĠ t\nĠt h\n");
        var tokenizer = Tokenizer.Load(files.Folder);
        Assert.Equal(259, tokenizer.Vocabulary);
        Assert.Equal([257, 'e' - 33, 258, 256], tokenizer.Encode(" the<|endoftext|> t"));
        Assert.Equal(Sample, tokenizer.Decode(tokenizer.Encode(Sample)));

        files.Write("merges.txt", "t h\nĠ t\n");
        Assert.Contains("the numbers must follow the joins",
            Assert.Throws<UsageException>(() => Tokenizer.Load(files.Folder)).Message);
    }

    [Fact]
    public void ATokenThatIsEmptyDoubledOrNoByte_IsRefused()
    {
        using var files = new TemporaryFiles();
        BytePairTokenizer.Train("x", 256).Save(files["t"]);
        var bytes = File.ReadAllText(files["t"]);
        void Refuses(string expected, string more)
            => Assert.Contains(expected,
            Assert.Throws<UsageException>(() => Tokenizer.Load(files.Write("more", bytes + more))).Message);
        Refuses("line 257: its token is empty", " 256\n");
        Refuses("line 257: its token is there twice", bytes.Split('\n')[65].Split(' ')[0] + " 256\n");
        string Special(byte b) => Convert.ToBase64String([(byte)'<', (byte)'|', b, (byte)'|', (byte)'>']);
        // neither is UTF-8
        Refuses("two of its last 2 tokens are the same text", $"{Special(0xFF)} 256\n{Special(0xFE)} 257\n");

        var visible = Enumerable.Range(33, 94).Concat(Enumerable.Range(0xA1, 12)).Concat(Enumerable.Range(0xAE, 82))
            .ToArray();
        var all = visible.Concat(Enumerable.Range(256, 256 - visible.Length)).Select(c => ((char)c).ToString())
            .ToArray();
        foreach (var token in (string[])["", "th"])
        {
            all[7] = token;
            files.Write("vocab.json",
                System.Text.Json.JsonSerializer.Serialize(all.Select((token, i) => (token, i))
                .ToDictionary(p => p.token, p => p.i)));
            files.Write("merges.txt", "");
            Assert.Contains($"'{token}' is among the tokens 0 to 255",
                Assert.Throws<UsageException>(() => Tokenizer.Load(files.Folder)).Message);
        }
    }

    [Theory]
    [InlineData("QQ== 5\n", "line 1: expected a token in base64 and the number 0, got 'QQ== 5'")]
    [InlineData("QQ== 0\n", "here are 1 of them")]
    [InlineData("?? 0\n", "'??' is not base64")]
    [InlineData("{}", "not a tokenizer of characters")]
    public void A_file_that_is_no_tokenizer_is_refused(string content, string expected)
    {
        using var files = new TemporaryFiles();
        Assert.Contains(expected,
            Assert.Throws<UsageException>(() => Tokenizer.Load(files.Write("t", content))).Message);
    }

    [Fact]
    public void Names_are_refused_with_what_is_accepted()
    {
        Assert.Equal("unknown tokenizer 'word': choose chars, bpe, bpe:N with N tokens, gpt2, or a file that was saved",
            Assert.Throws<UsageException>(() => Tokenizer.Create("word", Sample)).Message);
        Assert.Equal("a byte-pair vocabulary has at least the 256 bytes, got 100",
            Assert.Throws<UsageException>(() => Tokenizer.Create("bpe:100", Sample)).Message);
        Assert.Equal("token 259 is not in 0 to 257",
            Assert.Throws<UsageException>(() => BytePairTokenizer.Train("abababcdcd", 258).Decode([259])).Message);
    }
}
