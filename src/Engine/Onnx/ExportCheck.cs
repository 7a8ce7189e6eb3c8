using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// Runs what is about to be written once: what an operator's writer has overlooked would be a file that computes something else,
/// and nobody would be told.
/// </summary>
internal static class ExportCheck
{
    private const double Tolerance = 1e-4, Coarse = 3e-2; // halves, and a device's own products

    private const long Samples = 3;

    /// <summary>The same with numbers at random.</summary>
    public static void Run(Graph graph, OnnxModel model)
    {
        using var scope = NewDisposeScope();
        var wasTraining = graph.training;
        try
        {
            graph.eval();
            Run(graph, model, OnnxExport.Batch(graph, Samples));
        }
        finally { graph.train(wasTraining); }
    }

    /// <summary>Fails where the file has other outputs than the net.</summary>
    /// <param name="graph">In evaluation.</param>
    /// <param name="model">What is to be written.</param>
    /// <param name="inputs">A batch.</param>
    /// <exception cref="UsageException">It has.</exception>
    public static void Run(Graph graph, OnnxModel model, Tensor[] inputs)
    {
        // the order of equal numbers is no fault
        if (model.Graph.Nodes.Any(n => n.Operator == "TopK" || !OnnxOperators.IsRead(n))) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var paused = CallRecorder.Pause();
        Tensor[] given;
        OnnxNet? net = null;
        try
        {
            net = new OnnxNet(model);
            net.eval();
            given = net.call(Array.ConvertAll(inputs, x => x.cpu()));
        }
        catch (InvalidDataException) when (model.Graph.Nodes.Any(n => n.Operator is "GRU" or "LSTM" or "RNN")) { return; } // written, but not read: a long layer that is spelled out
        catch (InvalidDataException e) { throw new UsageException($"{graph.Name} cannot be written as ONNX: what would be written does not run: {e.Message}"); }
        finally { net?.DisposeAll(); }
        var wanted = graph.Forward(inputs);
        var exact = Devices.Of(graph).type == DeviceType.CPU && graph.parameters().Concat(wanted).All(t => t.dtype is not (ScalarType.Float16 or ScalarType.BFloat16))
            && model.Graph.Nodes.All(n => n.Operator != "Cast" || n.Attributes["to"].Long is not (OnnxTypes.Half or OnnxTypes.BFloat));
        for (var i = 0; i < given.Length; i++)
            if (!Close(given[i], wanted[i].cpu(), exact ? Tolerance : Coarse))
                throw new UsageException($"{graph.Name} cannot be written as ONNX: {model.Graph.Outputs[i].Name} of the file would have other numbers than the net's, which is a fault of Interactive's: please report the layers that it has");
    }

    private static bool Close(Tensor a, Tensor b, double tolerance)
    {
        if (!a.shape.SequenceEqual(b.shape)) return false;
        if (a.numel() == 0) return true;
        var (x, y) = (a.to_type(ScalarType.Float64), b.to_type(ScalarType.Float64));
        var largest = where(y.isfinite(), y, zeros_like(y)).abs().max().item<double>();
        return x.allclose(y, tolerance, tolerance * largest, equal_nan: true);
    }
}
