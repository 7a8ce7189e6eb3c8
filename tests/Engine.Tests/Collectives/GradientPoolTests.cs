using Interactive.Collectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Collectives;

public class GradientPoolTests
{
    static Parameter[] Parameters(params long[][] shapes) => [.. shapes.Select(shape => nn.Parameter(randn(shape)))];

    [Fact]
    public void Backward_accumulates_into_the_pool()
    {
        using var scope = NewDisposeScope();
        var parameters = Parameters([3, 5], [7], []);
        using var pool = new GradientPool(parameters);
        (parameters[0].sum() * 2 + parameters[1].sum() * 3 + parameters[2] * 4).backward();
        (parameters[0].sum() * 2 + parameters[1].sum() * 3 + parameters[2] * 4).backward();
        float[] flat = pool.Buffer.data<float>().ToArray();
        Assert.Equal([4f, 6f, 8f], pool.Ranges.Select(range => flat[range.Start]));
        Assert.Equal(15 * 4f + 7 * 6f + 8f, flat.Sum());
        pool.Zero();
        Assert.Equal(0f, parameters[1].grad!.sum().item<float>());
        Assert.Equal(0, pool.Seal());
    }

    [Fact]
    public void Seal_puts_replaced_and_cleared_gradients_back()
    {
        using var scope = NewDisposeScope();
        var parameters = Parameters([4], [6]);
        using var pool = new GradientPool(parameters);
        pool.Buffer.fill_(9);
        parameters[0].grad = null;
        parameters[1].grad = ones(6) * 5;
        Assert.Equal(2, pool.Seal());
        float[] flat = pool.Buffer.data<float>().ToArray();
        Assert.Equal([0f, 5f], pool.Ranges.Select(range => flat[range.Start]));
        parameters[0].sum().backward();
        Assert.Equal(1f, pool.Buffer.data<float>()[pool.Ranges[0].Start]);
    }

    [Fact]
    public void Tied_parameters_count_once_and_other_types_are_refused()
    {
        using var scope = NewDisposeScope();
        var parameter = nn.Parameter(randn(8));
        using var pool = new GradientPool([parameter, parameter]);
        Assert.Single(pool.Ranges);
        var error = Assert.Throws<UsageException>(() => new GradientPool([nn.Parameter(zeros(2, ScalarType.Float64))]));
        Assert.Contains("Float64", error.Message);
    }
}
