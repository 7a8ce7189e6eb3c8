using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Tracing;

/// <summary>
/// Layers of TorchSharp's that are one op of the engine's: they run one operator, or a linear layer's several.
/// </summary>
internal static class KnownLayers
{
    private static readonly string[][] Linears = [["aten::t", "aten::addmm"], ["aten::t", "aten::matmul"],
        ["aten::t", "aten::matmul", "aten::add_"], ["aten::t", "aten::matmul", "aten::add"]];

    /// <summary>
    /// The op with the tensor that it reads, where the steps are all that the layer runs and are what it always runs.
    /// </summary>
    public static (Op Op, TensorRef Input)? Find(nn.Module module, TraceStep[] steps, ModuleTensors tensors)
    {
        if (steps is [{ Results.Count: 1 } only] && only.Tensors.FirstOrDefault() is [{ IsFlowing: true } x, ..]
            && IsPlain(module, only, tensors) && ModuleOps.Of(module) is { } op) return (op, x);
        if (module is not TorchSharp.Modules.Linear linear || steps.Any(s => s.Effects.Count > 0)
            || !Linears.Any(l => l.SequenceEqual(steps.Select(s => s.Call!.Name)))) return null;
        var held = steps.SelectMany(s => s.Tensors).Select(t => t[0]).Where(t => t.Kind == RefKind.Parameter).ToArray();
        if (held.Length != linear.parameters(false).Count() || held.Any(h => tensors.OwnerOf(h)?.Module != linear))
            return null;
        var product = steps[1].Tensors; // (x, weight) or (bias, x, weight)
        return product[^2][0] is { IsFlowing: true } input ? (new Ops.Linear(linear), input) : null;
    }

    /// <summary>A product of what flows with a parameter's transpose, and a parameter added.</summary>
    /// <param name="Weight">The parameter.</param>
    /// <param name="Bias">That is added, or null.</param>
    /// <param name="Input">What flows.</param>
    /// <param name="InputAt">Which tensor of the product's operator it is.</param>
    /// <param name="Steps">How many operators that takes.</param>
    public readonly record struct Product(TensorRef Weight, TensorRef? Bias, TensorRef Input, int InputAt, int Steps);

    /// <summary>
    /// The product whose first operator is this one, where nobody else reads what is made on the way; or null.
    /// </summary>
    public static Product? FindProduct(TraceSteps run, int index)
    {
        var all = run.Steps;
        if (all[index] is not { Call: { Name: "aten::t", WithGradient: true }, Tensors: [[{ Kind: RefKind.Parameter } weight, ..]] } || index + 1 >= all.Count) return null;
        var (turned, made) = (new TensorRef(RefKind.Result, index), new TensorRef(RefKind.Result, index + 1));
        if (all[index + 1] is not { Call.WithGradient: true, Effects.Count: 0 } product || product.Tensors.Count == 0
            || product.Tensors[^1][0] != turned || IsReadElsewhere(turned, index + 1)) return null;
        if (product is
            {
                Call.Name: "aten::addmm", Tensors: [[{ Kind: RefKind.Parameter } added, ..],
            [{ IsFlowing: true } rows, ..], _]
            }
            && product.Call.Arguments is [.., { Tag: Runtime.ValueTag.Int, Payload: 1 },
            { Tag: Runtime.ValueTag.Int, Payload: 1 }])
            return new(weight, added, rows, 1, 2);
        if (product is not { Call.Name: "aten::matmul", Tensors: [[{ IsFlowing: true } x, ..], _] }) return null;
        if (index + 2 < all.Count
            && all[index
            + 2] is
            {
                Call:
                {
                    Name: "aten::add_"
            or "aten::add", WithGradient: true
                }, Effects.Count: 0, Tensors: [var sum,
            [{ Kind: RefKind.Parameter } bias, ..]]
            } add
            && sum[0] == made && add.Call.Arguments is [.., { Tag: Runtime.ValueTag.Int, Payload: 1 }]
            && !IsReadElsewhere(made, index + 2)) return new(weight, bias, x, 0, 3);
        return new(weight, null, x, 0, 2);

        bool IsReadElsewhere(TensorRef result, int by)
        {
            for (var i = index; i < all.Count; i++)
                if (i != by && all[i].Tensors.Any(t => t.Contains(result))) return true;
            return run.Outputs.Any(o => o.Contains(result));
        }
    }

    // It reads its own parameters and buffers, and one tensor that flows; what moves besides is its own count of
    // batches.
    private static bool IsPlain(nn.Module module, TraceStep step, ModuleTensors tensors)
    {
        if (module.children().Any() || step.Tensors.Count(t => t[0].IsFlowing) != 1) return false;
        var parameters = step.Tensors.Where(t => t[0].Kind == RefKind.Parameter).ToArray();
        return parameters.Length == module.parameters(false).Count()
            && parameters.All(p => tensors.OwnerOf(p[0])?.Module == module)
            && step.Effects.All(e => module.buffers(false)
            .Any(b => Runtime.TensorIdentity.Identity(b) == (nint)e.Call!.Tensors.First().Payload));
    }
}
