using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>Layers of TorchSharp's that are one op of the engine's: they run one operator, or a linear layer's several.</summary>
internal static class KnownLayers
{
    private static readonly string[][] Linears = [["aten::t", "aten::addmm"], ["aten::t", "aten::matmul"], ["aten::t", "aten::matmul", "aten::add_"], ["aten::t", "aten::matmul", "aten::add"]];

    /// <summary>The op with the tensor that it reads, where the steps are all that the layer runs and are what it always runs.</summary>
    public static (Op Op, TensorRef Input)? Find(nn.Module module, TraceStep[] steps, ModuleTensors tensors)
    {
        if (steps is [{ Results.Count: 1 } only] && only.Tensors.FirstOrDefault() is [{ IsFlowing: true } x, ..] && IsPlain(module, only, tensors) && Capture.Known(module) is { } op) return (op, x);
        if (module is not TorchSharp.Modules.Linear linear || steps.Any(s => s.Effects.Count > 0) || !Linears.Any(l => l.SequenceEqual(steps.Select(s => s.Call!.Name)))) return null;
        var held = steps.SelectMany(s => s.Tensors).Select(t => t[0]).Where(t => t.Kind == RefKind.Parameter).ToArray();
        if (held.Length != linear.parameters(false).Count() || held.Any(h => tensors.OwnerOf(h)?.Module != linear)) return null;
        var product = steps[1].Tensors; // (x, weight) or (bias, x, weight)
        return product[^2][0] is { IsFlowing: true } input ? (new Ops.Linear(linear), input) : null;
    }

    // It reads its own parameters and buffers, and one tensor that flows; what moves besides is its own count of batches.
    private static bool IsPlain(nn.Module module, TraceStep step, ModuleTensors tensors)
    {
        if (module.children().Any() || step.Tensors.Count(t => t[0].IsFlowing) != 1) return false;
        var parameters = step.Tensors.Where(t => t[0].Kind == RefKind.Parameter).ToArray();
        return parameters.Length == module.parameters(false).Count() && parameters.All(p => tensors.OwnerOf(p[0])?.Module == module)
            && step.Effects.All(e => module.buffers(false).Any(b => Runtime.TensorIdentity.Identity(b) == (nint)TraceStep.Flat(e.Call!.Arguments).First().Payload));
    }
}
