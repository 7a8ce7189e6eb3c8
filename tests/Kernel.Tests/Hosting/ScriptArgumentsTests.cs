using Interactive.Kernel.Hosting.Commands;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Which words of a command line are the tool's and which the script's.</summary>
public sealed class ScriptArgumentsTests
{
    [Theory]
    [InlineData("run a.csx", "run a.csx", "")]
    [InlineData("run a.csx @me", "run a.csx", "@me")]
    [InlineData("run a.csx -- --no-cache", "run a.csx", "--no-cache")]
    [InlineData("run a.csx --no-cache -- x", "run a.csx --no-cache", "x")]
    [InlineData("run a.csx -c debug --epochs 3 -c 4", "run a.csx -c debug", "--epochs 3 -c 4")]
    [InlineData("run -c debug a.csx x --no-cache", "run -c debug a.csx", "x --no-cache")]
    [InlineData("run --configuration=debug a.csx --help", "run --configuration=debug a.csx", "--help")]
    [InlineData("run a.csx -h -- -x", "run a.csx", "-h -- -x")]
    [InlineData("run a.csx -- -- -x", "run a.csx", "-- -x")]
    [InlineData("run --help", "run --help", "")]
    [InlineData("run a.csx run eval", "run a.csx", "run eval")]
    [InlineData("run", "run", "")]
    public void ALine_IsSplit(string line, string tool, string script)
    {
        var (own, rest) = ScriptArguments.Split(line.Split(' '), RunCommand.Create(), 1);
        Assert.Equal((tool, script), (string.Join(' ', own), string.Join(' ', rest)));
    }

    [Fact]
    public void TheScriptsPart_IsMarkedForTheParser()
    {
        Assert.Equal(["run", "a.csx", "--", "--", "-x"],
            ScriptArguments.Mark(["run", "a.csx", "--", "--", "-x"], RunCommand.Create(), 1));
        Assert.Equal(["run", "a.csx"], ScriptArguments.Mark(["run", "a.csx"], RunCommand.Create(), 1));
        Assert.Equal(["--", "-x", "", "@a"],
            RunCommand.Create().Parse(["a.csx", "--", "--", "-x", "", "@a"]).GetValue<string[]>("ARGS")!);
    }

    [Theory]
    [InlineData("launch -n 2 a.csx -n 3", "launch -n 2 a.csx -n 3", "")]
    [InlineData("launch a.csx --ranks 2 x -n 3", "launch a.csx --ranks 2", "x -n 3")]
    public void LaunchHasMoreOptions(string line, string tool, string script)
    {
        var (own, rest) = ScriptArguments.Split(line.Split(' '), LaunchCommand.Create(), 1);
        Assert.Equal((tool, script), (string.Join(' ', own), string.Join(' ', rest)));
    }
}
