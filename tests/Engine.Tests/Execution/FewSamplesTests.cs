using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

/// <summary>libtorch's batch norm of one number has a running variance that is no number.</summary>
public class FewSamplesTests
{
    [Fact]
    public void A_batch_norm_of_one_number_is_refused_in_training()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var norm = nn.BatchNorm1d(8);
        var net = nn.Sequential(("a", nn.Linear(4, 8)), ("norm", norm), ("b", nn.Linear(8, 3)));
        using var graph = Graph.Trace(net, randn(4, 4));
        using var executor = new Executor(graph);
        var error = Assert.Throws<UsageException>(() => executor.Step(randn(1, 4), zeros(1, ScalarType.Int64)));
        Assert.Equal("norm takes the statistics of a batch, and one sample has no variance: give it two samples or more, or set it to eval()", error.Message);
        Assert.Throws<UsageException>(() => executor.Forward(randn(1, 4)));
        executor.Step(randn(2, 4), zeros(2, ScalarType.Int64));
        executor.Infer(randn(1, 4));
        norm.eval();
        using var frozen = new Executor(graph);
        frozen.Step(randn(1, 4), zeros(1, ScalarType.Int64));
        Assert.True(norm.running_var!.isfinite().all().item<bool>());
    }

    [Fact]
    public void One_picture_has_many_numbers()
    {
        using var scope = NewDisposeScope();
        using var graph = Graph.Trace(nn.Sequential(("c", nn.Conv2d(1, 4, 3)), ("norm", nn.BatchNorm2d(4)), ("f", nn.Flatten()), ("l", nn.Linear(64, 3))), randn(2, 1, 6, 6));
        using var executor = new Executor(graph);
        executor.Step(randn(1, 1, 6, 6), zeros(1, ScalarType.Int64));
    }
}
