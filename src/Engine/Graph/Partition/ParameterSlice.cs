using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>A rank's slice of a parameter.</summary>
/// <param name="Whole">The model's parameter.</param>
/// <param name="Mine">This rank's part of it, without bytes until they are cut.</param>
/// <param name="Dimension">Along which it is cut into equal parts: 0 or 1.</param>
internal sealed record ParameterSlice(Parameter Whole, Parameter Mine, int Dimension)
{
    /// <summary>A slice whose bytes are yet to come.</summary>
    public static ParameterSlice Of(Parameter whole, int dimension, int ranks)
    {
        var shape = whole.shape;
        shape[dimension] /= ranks;
        var mine = new Parameter(zeros(1, whole.dtype, whole.device), whole.requires_grad);
        mine.DetachFromDisposeScope();
        using var blank = Blank(whole, shape);
        Runtime.Aten.SetData(mine, blank); // a parameter that began as a view would stay one
        return new(whole, mine, dimension);
    }

    /// <summary>A tensor of a shape that takes the place of bytes that are elsewhere.</summary>
    public static Tensor Blank(Parameter like, long[] shape)
    {
        using var one = zeros(1, like.dtype, like.device);
        return one.expand(shape);
    }
}
