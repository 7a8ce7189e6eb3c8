using System.Text.Json.Nodes;

namespace Interactive.Kernel.Tests.Hosting;

[Trait("Speed", "slow")]
public sealed class BenchMemoryTests
{
    [SkippableTheory]
    [InlineData("lenet5")]
    [InlineData("resnet18", "--image", "3x32x32")]
    [InlineData("gpt")]
    public async Task PyTorch_BuildsTheSameNet(params string[] model)
    {
        var (exit, output,
            error) = await InteractiveProcess.Run(["bench", "memory", "--peer", "pytorch", "--batch", "2", "--rounds",
            "1", "--json", "--model", .. model]);
        Skip.If(exit == 2 && error.Contains("python3-torch is not installed"), "apt's python3-torch is not installed");
        Assert.Equal(0, exit);
        var result = JsonNode.Parse(output)!;
        var (ours, theirs) = ((long)result["plain"]!["peakBytes"]!,
            (long)result["peer"]!["pyTorch"]!["plain"]!["peakBytes"]!);
        // The same tensors by another release: kernels' workspace differs, weights and activations do not.
        Assert.InRange((double)theirs / ours, 0.85, 1.3);
        foreach (var (step,
            plan) in result["peer"]!["pyTorch"]!["checkpoints"]!.AsArray().Zip(result["peer"]!["points"]!.AsArray()))
            Assert.InRange((long)plan!["peakBytes"]!, 0, (long)step!["peakBytes"]!);
        Assert.True((bool)result["bitIdentical"]!);
    }

    [Theory]
    [InlineData("unknown peer 'jax': pytorch is the one there is", "--peer", "jax")]
    [InlineData("--rounds must be at least 1, got 0", "--rounds", "0")]
    [InlineData("--threads must be at least 1, got 0", "--threads", "0")]
    [InlineData("a memory budget cannot be \"0\"", "--budget", "0")]
    [InlineData("a memory budget cannot be \"abc\"", "--budget", "abc")]
    public async Task BadInput_IsOneLineAndExit2(string message, params string[] arguments)
    {
        var (exit, output,
            error) = await InteractiveProcess.Run(["bench", "memory", "--model", "lenet5", .. arguments]);
        Assert.Equal((2, ""), (exit, output));
        Assert.Contains(message, Assert.Single(error.TrimEnd('\n').Split('\n')));
    }
}
