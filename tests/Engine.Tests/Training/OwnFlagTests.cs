using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

public class OwnFlagTests
{
    [Fact]
    public void A_flag_of_the_scripts_own_is_taken_out_of_the_rest()
    {
        List<string> arguments = ["--epochs", "2", "--tokenizer", "gpt2", "--seed", "3"];
        Assert.Equal("gpt2", CommandLine.Take(arguments, "--tokenizer", "bpe"));
        Assert.Equal(["--epochs", "2", "--seed", "3"], arguments);
        Assert.Equal("bpe", CommandLine.Take(arguments, "--tokenizer", "bpe"));
        Assert.Equal(2, CommandLine.Parse(arguments, new TrainerOptions()).Epochs);
        Assert.Equal("--seed needs a value",
            Assert.Throws<UsageException>(() => CommandLine.Take(["--seed"], "--seed", "")).Message);
    }

    [Fact]
    public void Help_lists_a_flag_of_the_scripts_own()
    {
        var output = Console.Out;
        using var written = new StringWriter();
        Console.SetOut(written);
        try { Assert.Equal("bpe", CommandLine.Take(["--help"], "--tokenizer", "bpe", "chars or bpe")); }
        finally { Console.SetOut(output); }
        Assert.Matches("--tokenizer +chars or bpe \\(default bpe\\)", written.ToString());
    }
}
