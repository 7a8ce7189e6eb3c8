using Interactive.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = TorchSharp.torch.Tensor;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Onnx;

/// <summary>What ONNX Runtime says of a file.</summary>
internal static class OnnxRuntimeOracle
{
    /// <summary>Its outputs for these inputs, as float tensors.</summary>
    public static Tensor[] Run(string path, IReadOnlyList<Tensor> inputs)
    {
        using var options =
            new SessionOptions
            {
                IntraOpNumThreads = 1,
                InterOpNumThreads = 1,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
        using var session = new InferenceSession(path, options);
        var names = session.InputMetadata.Keys.ToArray();
        var given = inputs.Select((t, i) => Value(names[i], t)).ToArray();
        using var results = session.Run(given);
        return [.. results.Where(r => r.ElementType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float)
            .Select(r => r.AsTensor<float>())
            .Select(t => tensor(t.ToArray(), [.. t.Dimensions.ToArray().Select(d => (long)d)]))];
    }

    private static NamedOnnxValue Value(string name, Tensor t)
    {
        int[] sizes = [.. t.shape.Select(s => (int)s)];
        return t.dtype == ScalarType.Int64
            ? NamedOnnxValue.CreateFromTensor(name, new DenseTensor<long>(t.data<long>().ToArray(), sizes))
            : NamedOnnxValue.CreateFromTensor(name, new DenseTensor<float>(t.data<float>().ToArray(), sizes));
    }

    /// <summary>The largest difference, as a share of the largest number.</summary>
    public static double Difference(Tensor ours, Tensor theirs)
    {
        Assert.Equal(theirs.shape, ours.shape);
        Assert.True(ours.isfinite().all().item<bool>(), "not finite");
        return (ours - theirs).abs().max().item<float>() / Math.Max(1e-6, theirs.abs().max().item<float>());
    }

    /// <summary>Inputs such as the graph takes.</summary>
    public static Tensor[] Inputs(Graph graph, long batch)
        => [.. graph.Inputs.Select(v => v.Type == ScalarType.Float32 ? randn(v.Shape.WithBatch(batch))
        : randint(0, 2, v.Shape.WithBatch(batch), v.Type))];
}
