using System.Text.Json;

namespace Interactive.Kernel.Tests.Hosting;

public class PlanCommandTests
{
    [Fact]
    public async Task Plan_tells_what_holds_the_bytes_at_the_peak()
    {
        string[] command = ["plan", "--model", "resnet18", "--image", "3x32x32", "--batch", "4", "--profile",
            "analytic", "--budget", "60%"];
        var (exit, output, error) = await InteractiveProcess.Run([.. command, "--json"]);
        Assert.True(exit == 0, error);
        var plan = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        var shares = plan.GetProperty("peak").EnumerateArray().ToDictionary(s => s.GetProperty("holder").GetString()!,
            s => s.GetProperty("bytes").GetInt64());
        Assert.Equal(plan.GetProperty("predictedPeakBytes").GetInt64(), shares.Values.Sum());
        Assert.True(shares["conv2d"] > 0);

        (exit, output, error) = await InteractiveProcess.Run(command);
        Assert.True(exit == 0, error);
        Assert.Contains("held at the peak", output);
        Assert.Contains("conv2d", output);
    }

    [Fact]
    public async Task Plan_takes_a_net_of_a_script()
    {
        using var folder = new Scripting.TemporaryFolder();
        var script = Path.Combine(folder.Path, "net.csx");
        File.WriteAllText(script, """
            using Interactive.Graphs;
            var b = new GraphBuilder("mine", new Shape(3, 16, 16));
            b.Build(b.Input.Conv(8, 3, padding: 1).BatchNorm().Relu().Conv(8, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(5))
            """);
        var (exit, output,
            error) = await InteractiveProcess.Run("plan", "--script", script, "--batch", "4", "--profile", "analytic",
            "--budget", "100%", "--json");
        Assert.True(exit == 0, error);
        Assert.Equal("net.csx",
            JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement.GetProperty("model").GetString());

        File.WriteAllText(script, "1 + 1");
        (exit, _, error) = await InteractiveProcess.Run("plan", "--script", script);
        Assert.Equal(2, exit);
        Assert.Contains("must end with a net", error);

        File.WriteAllText(script, "int Zero() => 0;\n1 / Zero()");
        (exit, _, error) = await InteractiveProcess.Run("plan", "--script", script);
        Assert.Equal(2, exit);
        Assert.StartsWith($"interactive: {script} threw System.DivideByZeroException", error);
        Assert.EndsWith("net.csx, line 2)\n", error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Plan_divides_a_model_among_ranks()
    {
        var figure = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.html");
        var (exit, output,
            error) = await InteractiveProcess.Run("plan", "--model", "gpt", "--batch", "32", "--ranks", "4", "--memory",
            "40MiB", "--layout", "pipe=4,order=1f1b-eager,micro=32", "--figure", figure, "--json");
        Assert.True(exit == 0, error);
        var plan = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.True(plan.GetProperty("feasible").GetBoolean());
        var ranks = plan.GetProperty("perRank").EnumerateArray().ToArray();
        Assert.Equal(4, ranks.Length);
        Assert.All(ranks, rank => Assert.InRange(rank.GetProperty("peakBytes").GetInt64(), 1, 40 << 20));
        Assert.All(ranks,
            rank
            => Assert.Equal(rank.GetProperty("peakBytes").GetInt64(),
            rank.GetProperty("fixedBytes").GetInt64() + rank.GetProperty("activationPeakBytes").GetInt64()));
        Assert.Contains("rank 3", File.ReadAllText(figure));
        File.Delete(figure);

        (exit, _,
            error) = await InteractiveProcess.Run("plan", "--model", "gpt", "--batch", "32", "--ranks", "4", "--memory",
            "10MiB");
        Assert.Equal(2, exit);
        Assert.Contains("on each rank would do", error);
        (exit, _,
            error) = await InteractiveProcess.Run("plan", "--model", "gpt", "--batch", "32", "--layout", "pipe=4");
        Assert.Equal(2, exit);
        Assert.Contains("--layout needs --ranks", error);
    }
}
