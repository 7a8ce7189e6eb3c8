using System.Text.Json;
using Interactive.Kernel.Hosting.Bench;

namespace Interactive.Kernel.Tests.Hosting;

public sealed class ScalingTests
{
    [Fact]
    public async Task Simulation_TakesPublishedSpeedsUnlessOneIsGiven()
    {
        var published = await Run();
        Assert.Equal("Tesla P100, published rates", published.GetProperty("device").GetString());
        Assert.Equal(64 / 91.8, Compute(published), 1e-9);

        var given = await Run("--tflops", "10");
        Assert.Equal("10 Tflops", given.GetProperty("device").GetString());
        Assert.Equal(Compute(given), 2 * Compute(await Run("--tflops", "20")), 1e-9);
    }

    [Theory]
    [InlineData("--model resnet18", "--model resnet18: its speed on a P100 is known for resnet50, resnet152, vgg16 only; give --tflops")]
    [InlineData("--per-host 3", "--per-host 3: a power of two is needed")]
    public async Task BadInput_IsOneLine(string arguments, string line)
    {
        var (exit, _, error) = await InteractiveProcess.Run(["bench", "scaling", "--simulate", "2", .. arguments.Split(' ')]);
        Assert.Equal(2, exit);
        Assert.Contains(line, error);
    }

    [Fact]
    public void ManyRanksOnAHost_ShareItsLinkInAllButTheRing()
    {
        double Seconds(int perHost, long count) => new SimulatedSums(0, 1e9, perHost, half: false).Seconds(16, count);
        var bytes = 2.0 * 15 / 16 * (1 << 24) * sizeof(float);
        Assert.InRange(Seconds(4, 1 << 24), 0.99 * bytes / 1e9, 1.1 * bytes / 1e9); // the ring: as if each had a link
        double Half(int perHost) => new SimulatedSums(0, 1e9, perHost, half: true).Seconds(16, 1 << 22);
        Assert.Equal(4 * Half(1), Half(4), 1e-9);
        Assert.InRange(Half(1), 0.49 * bytes / 4 / 1e9, 0.6 * bytes / 4 / 1e9); // a quarter of the count, half the bytes
    }

    private static double Compute(JsonElement run) => run.GetProperty("results")[0].GetProperty("computeSeconds").GetDouble();

    private static async Task<JsonElement> Run(params string[] arguments)
    {
        var (exit, output, error) = await InteractiveProcess.Run(["bench", "scaling", "--simulate", "1", "--model", "resnet152", "--json", .. arguments]);
        Assert.True(exit == 0, error);
        return JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement;
    }
}
