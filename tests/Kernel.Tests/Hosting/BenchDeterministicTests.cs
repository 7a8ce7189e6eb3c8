using System.Text.Json;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class BenchDeterministicTests
{
    [Fact]
    public async Task BothKindsOfStep_AreMeasured()
    {
        var (exit, output,
            error) = await InteractiveProcess.Run("bench", "deterministic", "--model", "lenet5", "--batch", "16",
            "--shards", "4", "--steps", "1", "--rounds", "1", "--json");
        Assert.True(exit == 0, error);
        var run = JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement;
        var (plain, deterministic) = (run.GetProperty("plainSeconds").GetDouble(),
            run.GetProperty("deterministicSeconds").GetDouble());
        Assert.True(plain > 0 && deterministic > 0);
        Assert.Equal(deterministic / plain - 1, run.GetProperty("cost").GetDouble(), 1e-9);
        Assert.Equal(4, run.GetProperty("shards").GetInt32());
    }

    [Theory]
    [InlineData("--batch 12", "--batch 12 must be divisible by 8 shards")]
    [InlineData("--batch 16 --steps 0", "--steps must be at least 1, got 0")]
    [InlineData("--batch 16 -n 0", "--ranks must be at least 1, got 0")]
    public async Task BadInput_IsOneLine(string arguments, string line)
    {
        var (exit, _,
            error) =
            await InteractiveProcess.Run(["bench", "deterministic", "--model", "lenet5", .. arguments.Split(' ')]);
        Assert.Equal(2, exit);
        Assert.Contains(line, error);
    }
}
