using System.Text.Json.Nodes;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class BenchStepTests
{
    [SkippableTheory]
    [InlineData("lenet5", "fp32", "sgd", 8)]
    [InlineData("gpt", "bf16", "adamw", 4)]
    public async Task EverySide_MakesWholeStepsOfTheSameNet(string model, string precision, string optimizer,
        int settings)
    {
        var (exit, output,
            error) = await InteractiveProcess.Run(["bench", "step", "--peer", "pytorch", "--batch", "2", "--rounds",
            "1", "--json", "--model", model, "--precision", precision, "--optimizer", optimizer]);
        Skip.If(exit == 2 && error.Contains("python3-torch is not installed"), "apt's python3-torch is not installed");
        Assert.Equal(0, exit);
        var result = JsonNode.Parse(output)!;
        Assert.True((bool)result["sameFirstLoss"]!);
        Assert.Equal(precision, (string)result["precision"]!);
        Assert.Equal(settings, result["peer"]!["settings"]!.AsArray().Count);
        // a small net's single step would be measured with sleeping threads
        Assert.InRange((int)result["stepsEachRound"]!, model == "lenet5" ? 2 : 1, 1000);
        foreach (var side in new[] { result["engine"]!, result["plain"]!, result["peer"]!["best"]!, result["floor"]! })
            Assert.True((double)side["seconds"]! > 0);
        Assert.InRange((long)result["engine"]!["peakBytes"]!, 1, (long)result["plain"]!["peakBytes"]!);
        Assert.NotEqual("", (string)result["processor"]!);
    }

    [Theory]
    [InlineData("unknown precision 'fp8': choose fp32 or bf16", "--precision", "fp8")]
    [InlineData("unknown optimizer 'lion': choose sgd or adamw, which all sides have", "--optimizer", "lion")]
    [InlineData("unknown peer 'jax': pytorch is the one there is", "--peer", "jax")]
    public async Task BadInput_IsOneLineAndExit2(string message, params string[] arguments)
    {
        var (exit, output, error) = await InteractiveProcess.Run(["bench", "step", "--model", "lenet5", .. arguments]);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(message, Assert.Single(error.TrimEnd('\n').Split('\n')));
    }

    [Fact]
    public async Task DoctorPrecision_PrintsEveryRule()
    {
        var (exit, output, _) = await InteractiveProcess.Run(["doctor", "--precision", "--json"]);
        Assert.Equal(0, exit);
        var rules = JsonNode.Parse(output)!["rules"]!;
        Assert.Equal(("low", "follow", "full"),
            ((string)rules["conv2d"]!, (string)rules["batch_norm"]!, (string)rules["softmax"]!));
    }

    [Fact]
    public async Task DoctorKernels_MeasuresBothWaysOfEach_AndSaysWhichIsTaken()
    {
        var (exit, output, _) = await InteractiveProcess.Run(["doctor", "--kernels", "--json"]);
        Assert.Equal(0, exit);
        var kernels = JsonNode.Parse(output)!["kernels"]!.AsArray();
        Assert.Equal(9, kernels.Count);
        Assert.All(kernels, kernel => Assert.NotEqual("", (string)kernel!["taken"]!));
        var product = kernels.Single(kernel => (string)kernel!["name"]! == "product")!;
        Assert.True((double)product["seconds"]! > 0 && (double)product["otherSeconds"]! > 0);
    }
}
