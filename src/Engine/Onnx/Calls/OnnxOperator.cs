using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>What is known of one of ONNX's operators.</summary>
/// <param name="Run">Computes it with libtorch: as many results as it has.</param>
/// <param name="Weights">Which inputs are weights where the file holds them.</param>
/// <param name="Layer">Makes the layer that has its weights, or null where it needs none of its own.</param>
internal sealed record OnnxOperator(Func<OnnxCall, Tensor[]> Run, int[]? Weights = null,
    Func<OnnxLayer, nn.Module?>? Layer = null)
{
    /// <summary>With one result.</summary>
    public static OnnxOperator Of(Func<OnnxCall, Tensor> run, params int[] weights) => new(c => [run(c)], weights);
}
