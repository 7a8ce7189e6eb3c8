using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>What an executor promises under any schedule.</summary>
internal static class StepChecks
{
    /// <summary>Live bytes after 200 steps equal those after 20.</summary>
    public static void LiveBytesSettle(Executor executor, Tensor x, Tensor y)
    {
        var meter = MemoryMeter.For(x.device);
        Assert.True(meter.IsExact);
        LiveTensors.Settle();
        long after20 = 0;
        for (var step = 1; step <= 200; step++)
        {
            executor.Step(x, y);
            if (step == 20) after20 = meter.LiveBytes;
        }
        Assert.Equal(after20, meter.LiveBytes);
    }

    /// <summary>Each parameter's gradient is announced once, when it is complete.</summary>
    public static void AnnouncesOnce(Executor executor, Graph graph, Tensor x, Tensor y)
    {
        var announced = new Dictionary<nint, Tensor>();
        executor.GradientReady += p => announced.Add(p.Identity(), p.grad!.clone().DetachFromDisposeScope());
        executor.Step(x, y);
        foreach (var (name, parameter) in graph.named_parameters())
            Assert.True(announced[parameter.Identity()].Equals(parameter.grad!), name);
        Assert.Equal(graph.parameters().DistinctBy(p => p.Identity()).Count(), announced.Count);
    }
}
