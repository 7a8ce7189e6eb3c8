using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>A rank's slice of a parameter.</summary>
/// <param name="Whole">The model's parameter.</param>
/// <param name="Mine">This rank's part of it, without bytes until they are cut.</param>
/// <param name="Dimension">Along which it is cut into equal parts: 0 or 1.</param>
/// <param name="Groups">Equal parts of that dimension, one behind the other, of each of which a rank has a part.</param>
internal sealed record ParameterSlice(Parameter Whole, Parameter Mine, int Dimension, int Groups = 1)
{
    /// <summary>A slice whose bytes are yet to come.</summary>
    public static ParameterSlice Of(Parameter whole, int dimension, int ranks, int groups = 1)
    {
        var shape = whole.shape;
        shape[dimension] /= ranks;
        var mine = new Parameter(zeros(1, whole.dtype, whole.device), whole.requires_grad);
        mine.DetachFromDisposeScope();
        using var blank = Blank(whole, shape);
        Runtime.Aten.SetData(mine, blank); // a parameter that began as a view would stay one
        return new(whole, mine, dimension, groups);
    }

    /// <summary>A rank's part of a whole tensor, in bytes of its own.</summary>
    public Tensor Cut(Tensor whole, int rank, int ranks)
    {
        using var scope = NewDisposeScope();
        var groups = whole.detach().unflatten(Dimension, Groups, whole.shape[Dimension] / Groups);
        var size = groups.shape[Dimension + 1] / ranks;
        var part = groups.narrow(Dimension + 1, rank * size, size).flatten(Dimension, Dimension + 1);
        return empty(part.shape, part.dtype).copy_(part).MoveToOuterDisposeScope();
    }

    /// <summary>The whole of all ranks' parts, one behind the other; takes them over.</summary>
    public Tensor Joined(Tensor parts, int ranks)
    {
        if (Dimension == 0 && Groups == 1) return parts;
        using var scope = NewDisposeScope();
        using (parts)
        {
            var each = parts.chunk(ranks).Select(p => p.unflatten(Dimension, Groups, p.shape[Dimension] / Groups));
            return cat([.. each], Dimension + 1).flatten(Dimension, Dimension + 1).MoveToOuterDisposeScope();
        }
    }

    /// <summary>A tensor of a shape that takes the place of bytes that are elsewhere.</summary>
    public static Tensor Blank(Parameter like, long[] shape)
    {
        using var one = zeros(1, like.dtype, like.device);
        return one.expand(shape);
    }
}
