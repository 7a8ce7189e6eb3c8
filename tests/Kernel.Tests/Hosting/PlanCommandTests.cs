using System.Text.Json;

namespace Interactive.Kernel.Tests.Hosting;

public class PlanCommandTests
{
    [Fact]
    public async Task Plan_tells_what_holds_the_bytes_at_the_peak()
    {
        string[] command = ["plan", "--model", "resnet18", "--image", "3x32x32", "--batch", "4", "--profile", "analytic", "--budget", "60%"];
        var (exit, output, error) = await InteractiveProcess.Run([.. command, "--json"]);
        Assert.True(exit == 0, error);
        var plan = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        var shares = plan.GetProperty("peak").EnumerateArray().ToDictionary(s => s.GetProperty("holder").GetString()!, s => s.GetProperty("bytes").GetInt64());
        Assert.Equal(plan.GetProperty("predictedPeakBytes").GetInt64(), shares.Values.Sum());
        Assert.True(shares["conv2d"] > 0);

        (exit, output, error) = await InteractiveProcess.Run(command);
        Assert.True(exit == 0, error);
        Assert.Contains("held at the peak", output);
        Assert.Contains("conv2d", output);
    }
}
