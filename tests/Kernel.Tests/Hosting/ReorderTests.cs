using Interactive.Graphs;
using Interactive.Runtime;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>What oneDNN lays anew in a step, by its own log.</summary>
[Trait("Speed", "slow")]
public sealed class ReorderTests
{
    private const int Batch = 6; // no net here has so many channels in a weight's first place

    [SkippableTheory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public async Task ChannelsLast_LaysNoPictureAnew_OnlyWeights(string precision)
    {
        Skip.If(Precision.Parse(precision).IsMixed && !Processor.HasBFloat16, "no units for bfloat16 here");
        using var folder = new TemporaryFolder();
        var script = folder.Write("step.csx", $$"""
            using Interactive.Execution;
            using Interactive.Graphs;
            using Interactive.Models;
            using static TorchSharp.torch;
            var image = new Shape(3, 32, 32);
            var net = Zoo.Create("resnet50", new ModelOptions { Image = image, Classes = 10 });
            net.Precision = Precision.Parse("{{precision}}");
            var (x, y) = (randn({{Batch}}, 3, 32, 32), randint(0, 10, {{Batch}}));
            foreach (var format in new[] { MemoryFormat.Contiguous, MemoryFormat.ChannelsLast })
            {
                net.MemoryFormat = format;
                var executor = new Executor(net);
                executor.Step(x, y);
                WriteLine($"step {format}");
                executor.Step(x, y);
                WriteLine("end");
                executor.Dispose();
            }
            """);
        var (exit, output, error) = await InteractiveProcess.RunUnder(("ONEDNN_VERBOSE", "1"), "run", script);
        Assert.True(exit == 0, error);
        var (contiguous, last) = (Reorders(output, "contiguous"), Reorders(output, "channels-last"));
        Assert.True(contiguous.Pictures > 1 << 20, $"{contiguous} in the contiguous step: the log is not what it was");
        Assert.InRange(last.Pictures, 0, contiguous.Pictures / 33); // at most the first picture, whose channels fill no vector
        Assert.InRange(last.All, 0, contiguous.All / 2);
    }

    /// <summary>Numbers that were laid anew: those of pictures, whose first size is the batch, and all.</summary>
    private static (long Pictures, long All) Reorders(string log, string format)
    {
        var step = log.Split($"step {format}\n")[1].Split("\nend")[0];
        var shapes = step.Split('\n').Where(line => line.Contains(",exec,", StringComparison.Ordinal)
                && line.Contains(",reorder,", StringComparison.Ordinal))
            .Select(line => line.Split(',')[^2].Split('x').Select(long.Parse).ToArray()).ToArray();
        return (shapes.Where(shape => shape is [Batch, _, > 1, _]).Sum(Elements), shapes.Sum(Elements));

        static long Elements(long[] shape) => shape.Aggregate(1L, (a, b) => a * b);
    }
}
