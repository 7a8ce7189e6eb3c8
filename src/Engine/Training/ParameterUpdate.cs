using Interactive.Collectives;
using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>What a step does with the gradients once its backward pass is over: they land, are clipped where that is asked for, and move the parameters.</summary>
internal sealed class ParameterUpdate(GradientPool pool, OverlappedReducer reducer, Optimizer optimizer, ShardedOptimizer? partition,
    IReadOnlyList<(string Name, Parameter Parameter)> parameters, TrainerOptions options)
{
    /// <summary>Waits for the sums and steps every parameter. Collective.</summary>
    public void Step(double learningRate)
    {
        if (options.ClipNorm > 0)
        {
            reducer.Wait();
            Clip();
            optimizer.Step(parameters, learningRate);
            return;
        }
        // Without clipping, which needs all gradients first, each bucket is stepped while later ones are on their way.
        optimizer.Begin();
        foreach (var bucket in reducer.Landed())
        {
            if (partition is not null) partition.Step(bucket, optimizer, learningRate);
            else
                foreach (var range in bucket.Ranges)
                {
                    using var gradient = range.Parameter.grad;
                    if (gradient is not null) optimizer.Step(range.Name, range.Parameter, gradient, learningRate);
                }
            if (options.Zero == 2) pool.Discard(bucket.Start, bucket.Count);
        }
    }

    private void Clip()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var norm = pool.Buffer.norm().item<float>();
        if (norm <= options.ClipNorm) return;
        using var factor = Scalars.Of(options.ClipNorm / (norm + 1e-6));
        pool.Buffer.mul_(factor);
    }
}
