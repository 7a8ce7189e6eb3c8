using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Layers of TorchSharp's that run as several operators and are one op of the engine's.</summary>
internal static class KnownLayers
{
    private static readonly string[][] Linears = [["aten::t", "aten::addmm"], ["aten::t", "aten::matmul"], ["aten::t", "aten::matmul", "aten::add_"], ["aten::t", "aten::matmul", "aten::add"]];

    /// <summary>The op with the tensor that it reads, where the steps are all that the layer runs and are what it always runs.</summary>
    public static (Op Op, TensorRef Input)? Find(nn.Module module, TraceStep[] steps, ModuleTensors tensors)
    {
        if (module is not TorchSharp.Modules.Linear linear || !Linears.Any(l => l.SequenceEqual(steps.Select(s => s.Call!.Name)))) return null;
        var held = steps.SelectMany(s => s.Tensors).Select(t => t[0]).Where(t => t.Kind == RefKind.Parameter).ToArray();
        if (held.Length != linear.parameters(false).Count() || held.Any(h => tensors.OwnerOf(h)?.Module != linear)) return null;
        var product = steps[1].Tensors; // (x, weight) or (bias, x, weight)
        return product[^2][0] is { IsFlowing: true } input ? (new Ops.Linear(linear), input) : null;
    }
}
