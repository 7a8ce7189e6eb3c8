using Interactive.Graphs.Ops;
using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Graphs.Partition;

/// <summary>What ranks that divide a batch do with a linear layer.</summary>
internal enum LinearRole : byte
{
    /// <summary>Each has all of it, and gradients are summed.</summary>
    Whole,
    /// <summary>Each has some of its outputs; rows are gathered before it, and outputs exchanged behind it.</summary>
    Alone,
    /// <summary>Each has some of its outputs, which are the inputs of its <see cref="Second"/>.</summary>
    First,
    /// <summary>Each has some of its inputs; what they come to is summed behind it.</summary>
    Second,
}

/// <summary>
/// Chooses the linear layers that ranks divide among them: where activations of all rows are fewer numbers than the
/// weight (Krizhevsky 2014). Of all ways to leave them whole, slice them alone or in pairs the one that sends least.
/// </summary>
internal static class LinearSharding
{
    /// <summary>The roles by node.</summary>
    /// <param name="graph">The model, not fused.</param>
    /// <param name="ranks">How many.</param>
    /// <param name="samples">Of each rank in a step.</param>
    public static LinearRole[] Of(Graph graph, int ranks, long samples)
    {
        var uses = graph.Nodes.SelectMany(n => n.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        Node[] linears = [.. graph.Nodes.Where(n => IsCandidate(n) && n.Op.Parameters.All(p => uses[p.Identity()] == 1))];
        // By number of layers from the first on: the least that is sent, and the roles of the last one or two.
        var best = new (double Sent, int Layers, LinearRole Last)[linears.Length + 1];
        for (var i = 0; i < linears.Length; i++)
        {
            var whole = best[i].Sent + WholeSent(linears[i]);
            var alone = Divides(linears[i].Output) ? best[i].Sent + In(linears[i]) + Out(linears[i]) / ranks : whole;
            best[i + 1] = alone < whole ? (alone, 1, LinearRole.Alone) : (whole, 1, LinearRole.Whole);
            if (i == 0 || !Divides(linears[i - 1].Output) || !Leads(linears[i - 1], linears[i])) continue;
            var pair = best[i - 1].Sent + In(linears[i - 1]) + Out(linears[i]) + Bias(linears[i]);
            if (pair < best[i + 1].Sent) best[i + 1] = (pair, 2, LinearRole.Second);
        }
        var roles = new LinearRole[graph.Nodes.Count];
        for (var i = linears.Length; i > 0; i -= best[i].Layers)
        {
            roles[linears[i - 1].Id] = best[i].Last;
            if (best[i].Layers == 2) roles[linears[i - 2].Id] = LinearRole.First;
        }
        return roles;

        // All in numbers that a rank sends in a step, by the ranks besides itself.
        double WholeSent(Node node) => 2.0 / ranks * node.Op.Parameters.Where(p => p.requires_grad).Sum(p => p.numel());
        double In(Node node) => (node.Inputs[0].NeedsGradient ? 2.0 : 1) * Numbers(node.Inputs[0]);
        double Out(Node node) => 2.0 * Numbers(node.Output);
        double Bias(Node node) => 2.0 / ranks * (Module(node).bias?.numel() ?? 0);
        long Numbers(Value value) => value.Bytes(samples) / value.Type.ElementSize();
        bool Divides(Value value) => value.Shape[^1] % ranks == 0;
    }

    /// <summary>A linear layer's module.</summary>
    public static TorchSharp.Modules.Linear Module(Node node) => (TorchSharp.Modules.Linear)node.Op.Module!;

    private static bool IsCandidate(Node node)
        => node.Op is Linear && node.Op.Module is TorchSharp.Modules.Linear { weight: { requires_grad: true } weight }
        && weight.dtype == torch.ScalarType.Float32 && node.Inputs[0].IsRows;

    // Whatever lies between them works on each number alone.
    private static bool Leads(Node first, Node second)
    {
        var node = first;
        while (node.Output is { IsOutput: false, Consumers: [var next] })
        {
            if (next == second) return true;
            if (next.Op is not (Relu or Gelu or Hardswish or DirectFunction or Dropout or AddScalar or MulScalar or DivScalar))
                return false;
            node = next;
        }
        return false;
    }
}
