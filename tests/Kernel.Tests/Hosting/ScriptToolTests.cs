using Interactive.Kernel.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>The command line of <c>dotnet script</c>.</summary>
[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class ScriptToolTests
{
    [Fact]
    public void Options_AreThoseOfDotnetScript()
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("main.csx", "WriteLine(string.Join(\",\", Args));\nreturn 4;");
        Assert.Equal((4, "a,-x\n", ""), Run(script, "--", "a", "-x"));
        Assert.Equal((4, "\n", ""), Run("-c", "release", script));
        Assert.Equal((4, "\n", ""), Run("-c", "Debug", "--no-cache", script));
        Assert.Equal((5, "", ""), Run("eval", "return 5;"));
        Assert.Equal((4, "eval,1\n", ""), Run(script, "eval", "1"));
        Assert.Equal((4, "@me,--help,-c\n", ""), Run("-c", "release", script, "@me", "--help", "-c"));
    }

    [Theory]
    [InlineData("eval")]
    [InlineData("eval", "-")]
    public async Task Eval_ReadsCodeThatIsPipedIn(params string[] arguments)
    {
        var result = await InteractiveProcess.RunWith("WriteLine(6 * 7);\nreturn 5;", arguments);
        Assert.Equal((5, "42\n", ""), result);
    }

    [Fact]
    public void Info_TellsVersionsAndFolders()
    {
        var (exit, output, _) = Run("--info");
        Assert.Equal(0, exit);
        foreach (var line in new[] { "Version ", "Location ", $".NET version        : {Environment.Version}", "Cache " }) Assert.Contains(line, output);
    }

    [Theory]
    [InlineData("no script /nowhere.csx", "/nowhere.csx")]
    [InlineData("give a script", "--no-cache")]
    [InlineData("fast", "-c", "fast", "x.csx")]
    public void BadInput_IsOneLineAndExit2(string message, params string[] arguments)
    {
        var (exit, output, error) = Run(arguments);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(message, error);
        Assert.Single(error.Trim().Split('\n'));
    }

    private static (int Exit, string Out, string Error) Run(params string[] arguments)
        => CapturedConsole.Run(() => ScriptTool.Run(arguments));
}
