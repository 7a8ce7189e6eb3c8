using System.Text.Json;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public class BenchParallelTests
{
    [SkippableFact]
    public async Task Predicted_And_Measured_StandBesideEachOther()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        var (exit, output, error) = await InteractiveProcess.Run("bench", "parallel", "-n", "2", "--model", "lenet5",
            "--image", "1x28x28", "--batch", "256", "--micro", "4", "--rounds", "1", "--layouts", "pipe=2,order=gpipe;data=2;tensor=2", "--json");
        Assert.True(exit == 0, error + output);
        var result = JsonDocument.Parse(output.Trim().Split('\n')[^1]).RootElement;
        var (cut, divided) = (result.GetProperty("layouts")[0], result.GetProperty("layouts")[1]);
        Assert.True(cut.GetProperty("sameBits").GetBoolean());
        Assert.Equal(JsonValueKind.Null, divided.GetProperty("sameBits").ValueKind);
        var tensor = result.GetProperty("layouts")[2];
        Assert.Equal(JsonValueKind.Null, tensor.GetProperty("sameBits").ValueKind);
        Assert.InRange(tensor.GetProperty("lossApart").GetDouble(), 0, 1e-5);
        Assert.Equal(0, cut.GetProperty("lossApart").GetDouble());
        for (var rank = 0; rank < 2; rank++)
            Assert.InRange(cut.GetProperty("activationBytes")[rank].GetDouble() / cut.GetProperty("predictedActivationBytes")[rank].GetDouble(), 0.98, 1.02);
        Assert.True(cut.GetProperty("seconds").GetDouble() > 0);
    }

    [Theory]
    [InlineData("pipe=3", "is for 3 ranks, there are 2")]
    [InlineData("pipe=2,micro=3", "a batch of 8 does not divide")]
    [InlineData("pipe=2,order=2f2b", "there is no order '2f2b'")]
    public async Task WhatDoesNotFit_IsOneLine(string layout, string line)
    {
        var (exit, output, error) = await InteractiveProcess.Run("bench", "parallel", "--model", "lenet5", "--layouts", layout);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(line, Assert.Single(error.Trim().Split('\n')));
    }
}
