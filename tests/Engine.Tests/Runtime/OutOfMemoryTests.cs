using System.Runtime.InteropServices;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Runtime;

public class OutOfMemoryTests
{
    [Fact]
    public void A_tensor_too_large_is_an_exception_and_everything_goes_on()
    {
        Execution.LiveTensors.Settle();
        Assert.True(MemoryMeter.Current.IsExact);
        var before = MemoryMeter.Current.LiveBytes;
        for (var i = 0; i < 3; i++) Assert.Contains("allocate", Assert.Throws<ExternalException>(() => empty([20_000_000_000_000])).Message);
        Assert.Equal(before, MemoryMeter.Current.LiveBytes);
        using var small = ones(1000);
        Assert.Equal(1000, small.sum().item<float>());
    }

    // The interface behind them tells only that something failed.
    [Fact]
    public void Operators_that_TorchSharp_lacks_tell_that_there_is_no_memory()
    {
        using var wide = zeros(1).expand(20_000_000_000_000);
        var results = new nint[1];
        Assert.True(AllocationFailure.Is(Assert.Throws<ExternalException>(() => Aten.Call("clone", "", results, wide, null))));
        using var other = zeros(3, 3, 3);
        Assert.Throws<InvalidOperationException>(() => Aten.Call("t", "", results, other));
    }

    /// <summary>A step that runs out of memory says what was foreseen for it, and the next one runs.</summary>
    [Fact]
    public void A_step_too_large_tells_its_plan_and_everything_goes_on()
    {
        using var scope = NewDisposeScope();
        var net = new GraphBuilder("tiny", new Shape(3, 32, 32));
        using var graph = net.Build(net.Input.Conv(8, 3).Relu().AdaptiveAvgPool(1).Flatten().Linear(4));
        var schedule = new KeepAllPlanner().Make(new PlanningGraph(Fusion.Fuse(graph), AnalyticProfile.Of(Fusion.Fuse(graph), 2)), long.MaxValue)!.Schedule;
        using var executor = new Executor(graph, schedule with { PeakBytes = 5 << 20 });
        var many = 4 * MachineMemory.LimitBytes / graph.Input.Bytes(1);
        using var wide = zeros(1, 3, 32, 32).expand(many, 3, 32, 32); // of no bytes
        using var targets = zeros(1, ScalarType.Int64).expand(many);
        var message = Assert.Throws<OutOfMemoryException>(() => executor.Step(wide, targets)).Message;
        Assert.Contains($"tiny with {many} samples", message);
        Assert.Contains("5.0 MiB", message);
        Assert.DoesNotContain('\n', message);
        Assert.Contains($"tiny with", Assert.Throws<OutOfMemoryException>(() => executor.Forward(wide)).Message);
        Assert.Contains($"without gradients", Assert.Throws<OutOfMemoryException>(() => executor.Infer(wide)).Message);
        Assert.True(double.IsFinite(executor.Step(randn(2, 3, 32, 32), zeros(2, ScalarType.Int64))));
    }
}
