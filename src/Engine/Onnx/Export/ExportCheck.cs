using Interactive.Graphs.Tracing;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Runs what was written and compares it with what ran: an operator that was understood wrong is told, not shipped.</summary>
internal static class ExportCheck
{
    private const double Near = 1e-4, NearOfHalves = 2e-2; // of an output's largest number

    /// <summary>Fails unless a model gives the same outputs.</summary>
    /// <param name="model">What was written.</param>
    /// <param name="name">Of the net.</param>
    /// <param name="runs">Batches of several sizes, with what the net made of them.</param>
    /// <exception cref="UsageException">It does not, or does not run.</exception>
    public static void Verify(OnnxModel model, string name, IReadOnlyList<(IReadOnlyList<Tensor> Inputs, IReadOnlyList<Tensor> Outputs)> runs)
    {
        if (model.Graph.Nodes.Any(node => !OnnxOperators.IsRead(node))) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        OnnxNet? written = null;
        try
        {
            written = new OnnxNet(model);
            written.eval();
            foreach (var (inputs, outputs) in runs)
            {
                var given = written.forward([.. inputs.Select(x => x.cpu())]);
                for (var i = 0; i < outputs.Count; i++)
                    if (!IsNear(given[i], outputs[i].cpu()))
                        throw new UsageException($"{name} cannot be written as ONNX: output {i + 1} of what was written is another than the net's for a batch of {inputs[0].shape[0]}");
            }
        }
        catch (InvalidDataException e) { throw new UsageException($"{name} cannot be written as ONNX: what was written does not run: {e.Message}"); }
        finally { written?.DisposeAll(); }
    }

    private static bool IsNear(Tensor given, Tensor wanted)
    {
        if (!given.shape.SequenceEqual(wanted.shape)) return false;
        if (wanted.numel() == 0 || TraceComparison.SameNumbers(given, wanted)) return true;
        var isFloat = wanted.is_floating_point();
        // Which of two near numbers is the larger may change with the last bit.
        if (!isFloat) return given.eq(wanted).to_type(ScalarType.Float32).mean().item<float>() >= 0.9;
        var (a, b) = (given.to_type(ScalarType.Float64).nan_to_num(), wanted.to_type(ScalarType.Float64).nan_to_num());
        var most = (wanted.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? NearOfHalves : Near) * b.abs().max().item<double>();
        return given.isnan().eq(wanted.isnan()).all().item<bool>() && (a - b).abs().max().item<double>() <= most + 1e-6;
    }
}
