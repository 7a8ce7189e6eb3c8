using Interactive.Data;
using TorchSharp;

namespace Interactive.Engine.Tests.Data.Text;

public class TokenDatasetTests
{
    private static readonly int[] Stream = [.. Enumerable.Range(0, 23)];

    [Fact]
    public void Targets_are_the_following_tokens()
    {
        using var data = new TokenDataset(Stream, vocabulary: 23, context: 4);
        Assert.Equal(5, data.Count); // 20 tokens to predict from
        using var batch = data.Read([4, 1]);
        Assert.Equal(["tokens", "next"], [batch.NamedInputs[0].Name, batch.NamedTargets[0].Name]);
        Assert.Equal(torch.ScalarType.Int64, batch.Input.dtype);
        Assert.Equal(new long[] { 2, 4 }, batch.Input.shape);
        Assert.Equal([16, 17, 18, 19, 4, 5, 6, 7], batch.Input.data<long>().ToArray());
        Assert.Equal([17, 18, 19, 20, 5, 6, 7, 8], batch.Target.data<long>().ToArray());
    }

    [Fact]
    public void Windows_may_overlap()
    {
        using var data = new TokenDataset(Stream, 23, context: 4, stride: 1);
        Assert.Equal(19, data.Count);
        using var batch = data.Read([18]);
        Assert.Equal([19, 20, 21, 22], batch.Target.data<long>().ToArray());
    }

    [Fact]
    public void A_split_shares_no_token()
    {
        var (train, valid) = new TokenDataset(Stream, 23, context: 4).Split(0.4);
        Assert.Equal((13, 10), (train.Tokens, valid.Tokens));
        using var last = train.Read([train.Count - 1]);
        using var first = valid.Read([0]);
        Assert.Equal(12, last.Target[0, ^1].item<long>());
        Assert.Equal(13, first.Input[0, 0].item<long>());
    }

    [Fact]
    public void A_mapped_file_gives_the_same_batches()
    {
        using var files = new TemporaryFiles();
        using var data = new TokenDataset(Stream, 23, context: 4);
        data.Save(files["tokens"]);
        using var mapped = TokenDataset.Open(files["tokens"], 23, context: 4);
        Assert.Equal(data.Count, mapped.Count);
        using var batch = mapped.Read([4, 1]);
        Assert.Equal([17, 18, 19, 20, 5, 6, 7, 8], batch.Target.data<long>().ToArray());
        using var narrow = TokenDataset.Open(files["tokens"], vocabulary: 20, context: 4);
        Assert.Equal("token 20 of the stream is 20, outside the vocabulary of 20",
            Assert.Throws<UsageException>(() => narrow.Read([4])).Message);
    }

    [Fact]
    public void Files_are_laid_one_behind_the_other()
    {
        using var files = new TemporaryFiles();
        var paths = new[] { files.Write("b", "ba"), files.Write("a", "ab") };
        using var data = TokenDataset.FromFiles(paths, CharTokenizer.From("ab"), context: 3);
        using var batch = data.Read([0]);
        Assert.Equal([0, 0, 1], batch.Target.data<long>().ToArray());
        Assert.Equal([files["a"], files["b"]], TextFiles.In(files.Folder));
        Assert.Contains("there is no such text file",
            Assert.Throws<UsageException>(() => TextFiles.Read([files["c"]])).Message);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Equal("a window of 23 tokens and the next needs 24 tokens, here are 23: take a longer text or a shorter context",
            Assert.Throws<UsageException>(() => new TokenDataset(Stream, 23, context: 23)).Message);
        Assert.Equal("token 22 of the stream is 22, outside the vocabulary of 22",
            Assert.Throws<UsageException>(() => new TokenDataset(Stream, 22, context: 4)).Message);
        Assert.Equal("the share for validation must be between 0 and 1, got 1",
            Assert.Throws<UsageException>(() => new TokenDataset(Stream, 23, 4).Split(1)).Message);
        using var files = new TemporaryFiles();
        Assert.Contains("3 bytes are no file of",
            Assert.Throws<UsageException>(() => TokenDataset.Open(files.Write("t", "abc"), 23, 4)).Message);
    }
}
