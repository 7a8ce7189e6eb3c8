using System.Text.Json;
using Interactive.Kernel.Hosting.Bench;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class ScalingTests
{
    [Theory]
    [InlineData("resnet152", "", "P100", 64 / 91.8)]
    [InlineData("lenet5", "", "P100, 5 Tflops assumed", 0)]
    [InlineData("resnet152", "--tflops 10", "10 Tflops", 0)]
    public async Task Simulation_TakesPublishedSpeedsUnlessOneIsGiven(string model, string options, string device,
        double seconds)
    {
        var row = await Run(model, options);
        Assert.Equal(device, row.GetProperty("device").GetString());
        var (compute, slower) = (Compute(row), Compute(await Run(model, "--tflops 2.5")));
        if (seconds > 0) Assert.Equal(seconds, compute, 1e-9);
        else Assert.Equal(slower, compute * (device.StartsWith("10") ? 4 : 2), slower * 1e-9);
    }

    [Theory]
    [InlineData("--tflops 0", "--tflops 0: more than 0")]
    [InlineData("--per-host 3", "--per-host 3: a power of two is needed")]
    [InlineData("--within-host 0g", "--within-host 0g: a speed in Gbit/s")]
    [InlineData("--measured /dev/null",
        "--measured /dev/null takes lines that 'bench overlap --json' has printed: there is none")]
    public async Task BadInput_IsOneLine(string arguments, string line)
    {
        var (exit, _,
            error) = await InteractiveProcess.Run(["bench", "scaling", "--simulate", "2", .. arguments.Split(' ')]);
        Assert.Equal(2, exit);
        Assert.Contains(line, error);
    }

    [Fact]
    public void ManyRanksOnAHost_ShareItsLinkInAllButTheRing()
    {
        double Seconds(int perHost, long count)
            => new SimulatedSums(0, 1e9, perHost, 1e9, half: false).Seconds(16, count);
        var bytes = 2.0 * 15 / 16 * (1 << 24) * sizeof(float);
        Assert.InRange(Seconds(4, 1 << 24), 0.99 * bytes / 1e9, 1.1 * bytes / 1e9); // the ring: as if each had a link
        double Half(int perHost) => new SimulatedSums(0, 1e9, perHost, 1e9, half: true).Seconds(16, 1 << 22);
        Assert.Equal(4 * Half(1), Half(4), 1e-9);
        // a quarter of the count, half the bytes
        Assert.InRange(Half(1), 0.49 * bytes / 4 / 1e9, 0.6 * bytes / 4 / 1e9);
    }

    [Fact]
    public void AHierarchicalSum_IsChosenWhereItsFewerStepsWin()
    {
        // 512 ranks, four a host; 1 ms a message, so that steps are what counts: the ring has 1,022, the sum over 128
        // hosts 254.
        double Seconds(double withinHost)
            => new SimulatedSums(1e-3, 1e9, 4, withinHost, half: false).Seconds(512, 1 << 24);
        double bytes = (1 << 24) * sizeof(float), hidden = 2.0 * 127 / 128 * bytes / 1e9;
        Assert.InRange(Seconds(double.PositiveInfinity), Math.Max(0.254, hidden), 0.254 + 1.1 * hidden);
        // the sum within a host
        Assert.Equal(2 * 3 / 4.0 * bytes / 1e12, Seconds(1e12) - Seconds(double.PositiveInfinity), 1e-9);
        // at a byte a second within a host: one of the others
        Assert.InRange(Seconds(1), Seconds(double.PositiveInfinity), 1);
    }

    private static double Compute(JsonElement row) => row.GetProperty("computeSeconds").GetDouble();

    private static async Task<JsonElement> Run(string model, string options)
    {
        var (exit, output,
            error) = await InteractiveProcess.Run(["bench", "scaling", "--simulate", "1", "--model", model, "--json",
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.True(exit == 0, error);
        return JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement.GetProperty("results")[0];
    }
}
