using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Formats;

public class MegatronFileTests
{
    [Fact]
    public void The_index_has_the_bytes_of_Megatron()
    {
        using var files = new TemporaryFiles();
        MegatronFile.Write(files["corpus"], [[1, 2, 3], [4, 5]], 100);
        Assert.Equal("4d4d49444944580000 0100000000000000 08 0200000000000000 0300000000000000 03000000 02000000 0000000000000000 0600000000000000 0000000000000000 0100000000000000 0200000000000000".Replace(" ", ""),
            Convert.ToHexStringLower(File.ReadAllBytes(files["corpus.idx"])));
        Assert.Equal("01000200030004000500", Convert.ToHexStringLower(File.ReadAllBytes(files["corpus.bin"])));
    }

    [Theory]
    [InlineData(50000)]
    [InlineData(200000)]
    public void Documents_come_back(int vocabulary)
    {
        using var files = new TemporaryFiles();
        int[][] documents = [[1, vocabulary - 1, 3], [], [4, 5]];
        MegatronFile.Write(files["corpus"], documents, vocabulary);
        foreach (var name in (string[])["corpus", "corpus.bin", "corpus.idx"])
        {
            var data = Dataset.FromTokens(files[name]);
            Assert.Equal(documents, Enumerable.Range(0, data.Count).Select(i => data[i]));
        }
    }

    [Fact]
    public void What_is_wrong_is_told_in_one_line()
    {
        using var files = new TemporaryFiles();
        string Error() => Assert.Throws<UsageException>(() => Dataset.FromTokens(files["c"])).Message;
        Assert.Equal($"{files["c.idx"]}: there is no such file of tokens", Error());
        MegatronFile.Write(files["c"], [[1, 2, 3], [4, 5]], 100);
        var index = File.ReadAllBytes(files["c.idx"]);
        File.WriteAllBytes(files["c.bin"], new byte[7]);
        Assert.Equal($"{files["c.bin"]} is cut short: sequence 1 ends at byte 10, the file has 7", Error());
        File.WriteAllBytes(files["c.idx"], index[..50]);
        Assert.StartsWith($"{files["c.idx"]} has 50 bytes, which are not 2 sequences", Error());
        File.WriteAllBytes(files["c.idx"], new byte[50]);
        Assert.StartsWith($"{files["c.idx"]} is no index of Megatron's version 1", Error());
        Assert.Equal("document 0 holds token 7, outside the vocabulary of 5",
            Assert.Throws<UsageException>(() => MegatronFile.Write(files["c"], [[7]], 5)).Message);
    }
}
