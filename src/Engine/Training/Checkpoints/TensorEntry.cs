using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A tensor that is about to be written: what the header says, and its values, asked for when their turn comes.
/// </summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Read">Gives the values, in the caller's dispose scope when they are made for this.</param>
internal sealed record TensorEntry(string Name, ScalarType Type, long[] Shape, Func<Tensor> Read)
{
    /// <summary>An entry for a tensor that is there.</summary>
    public static TensorEntry Of(string name, Tensor tensor) => new(name, tensor.dtype, tensor.shape, () => tensor);

    /// <summary>Bytes of its values.</summary>
    public long Bytes => Shape.Aggregate((long)Type.ElementSize(), (product, size) => product * size);
}
