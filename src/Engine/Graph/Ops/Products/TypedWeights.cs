using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// A layer's weight and bias in the type of what they are multiplied with: themselves, or copies that live until this
/// is disposed. Autograd sees the copying and gives the parameters gradients of their own type.
/// </summary>
internal readonly ref struct TypedWeights
{
    private readonly bool areCopies;

    public TypedWeights(Tensor input, Tensor weight, Tensor? bias = null)
    {
        areCopies = input.dtype != weight.dtype;
        (Weight, Bias) = areCopies ? (weight.to_type(input.dtype), bias?.to_type(input.dtype)) : (weight, bias);
    }

    public Tensor Weight { get; }
    public Tensor? Bias { get; }

    public void Dispose()
    {
        if (!areCopies) return;
        Weight.Dispose();
        Bias?.Dispose();
    }
}
