using Interactive.Collectives;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// One buffer with the layout of the gradients' pool in which the parameters lie while ranks step parts of them.
/// </summary>
internal abstract unsafe class ParameterMemory : IDisposable
{
    private readonly GradientPool pool;
    private readonly Tensor values;

    private protected ParameterMemory(ICommunicator world, GradientPool pool, float* data)
    {
        (World, this.pool) = (world, pool);
        Data = data;
        values = TensorBlob.Wrap(data, pool.Length);
    }

    private protected ICommunicator World { get; }

    /// <summary>The first float.</summary>
    public float* Data { get; }

    /// <summary>A range of it; the caller disposes it.</summary>
    public Tensor Range(long start, long count) => values.narrow(0, start, count);

    /// <summary>Before any bucket is stepped. Collective.</summary>
    public virtual void BeforeSteps() { }

    /// <summary>This rank has stepped its part of a bucket. Collective.</summary>
    public abstract void Stepped(PoolBucket bucket);

    /// <summary>All buckets have been stepped. Collective.</summary>
    public virtual void Finish() { }

    /// <summary>Gives this rank all parameters. Collective.</summary>
    public virtual void Gather() { }

    /// <summary>Before the first micro-batch of a step.</summary>
    public virtual void Begin() { }

    /// <summary>In place of a micro-batch that this rank has nothing to learn from.</summary>
    public virtual void Skip() { }

    /// <summary>Where parameters are, for people; null for nothing to tell.</summary>
    public virtual string? Description => null;

    /// <summary>What was measured, for people.</summary>
    public virtual string? Conclusion => null;

    /// <summary>Makes the parameters views of the buffer.</summary>
    /// <param name="copies">Their values go there, too.</param>
    private protected void Take(bool copies)
    {
        using var noGrad = no_grad();
        foreach (var range in pool.Ranges)
        {
            using var scope = NewDisposeScope();
            var view = values.narrow(0, range.Start, range.Count).view(range.Parameter.shape);
            if (copies) view.copy_(range.Parameter);
            Aten.SetData(range.Parameter, view);
        }
    }

    private protected abstract void Free();

    /// <summary>Gives the parameters memory of their own again.</summary>
    public virtual void Dispose()
    {
        using var noGrad = no_grad();
        foreach (var range in pool.Ranges)
        {
            using var copy = range.Parameter.detach().clone();
            Aten.SetData(range.Parameter, copy);
        }
        values.Dispose();
        Free();
    }
}
