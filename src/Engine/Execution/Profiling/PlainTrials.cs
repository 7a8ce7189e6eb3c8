using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Finds what plain autograd does to the bytes of a step, node by node: each kind of node runs forward and backward
/// once by itself, on inputs of their own bytes, and what goes when these are let go tells what its graph keeps.
/// </summary>
internal sealed class PlainTrials(Graph graph, long batch, IObjective objective)
{
    private readonly IMemoryMeter meter = MemoryMeter.For(Devices.Of(graph));
    private readonly Dictionary<string, PlainNode> known = [];

    /// <summary>Peak bytes of a step of the whole graph, which is never run as one.</summary>
    public long Peak(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var values = new Tensor?[graph.Nodes.Count + 1];
        for (var i = 0; i < inputs.Count; i++) values[graph.Inputs[i].Id] = inputs[i];
        var nodes = new List<PlainNode>();
        foreach (var node in graph.Nodes)
        {
            var mode = new RunMode(node.Op.IsTraining(graph.training));
            var read = node.Inputs.Select(v => values[v.Id]!).ToArray();
            nodes.Add(node.Output.IsFixed ? Nothing : Known(node, read, mode));
            if (!node.Output.IsInput)
                using (no_grad()) values[node.Output.Id] = node.Op.Forward(read, mode);
            foreach (var value in node.Inputs.Distinct())
                if (!value.IsInput && !value.IsOutput && value.Consumers[^1] == node)
                {
                    values[value.Id]!.Dispose();
                    values[value.Id] = null;
                }
        }
        return new PlainSimulator(graph, batch,
            nodes).Peak(Loss([.. graph.Outputs.Select(o => values[o.Id]!)], targets));
    }

    private static readonly PlainNode Nothing = new([], false, false, 0, 0, 0);

    private PlainNode Known(Node node, Tensor[] inputs, RunMode mode)
    {
        if (node.Op.PassesGradientOn && !node.Op.Rectifies)
            return new(new bool[node.Inputs.Count], false, node.Op.IsView, 0, 0, 0);
        var key = NodeTrials.Key(node);
        if (!known.TryGetValue(key, out var facts)) known[key] = facts = Try(node, inputs, mode);
        return facts;
    }

    private PlainNode Try(Node node, Tensor[] inputs, RunMode mode)
    {
        using var scope = NewDisposeScope();
        using var gradients = new TrialGradients(node.Op.Parameters);
        var own = Own(node.Inputs.Distinct().ToDictionary(v => v, v => inputs[node.Inputs.ToList().IndexOf(v)]));
        var outputBytes = node.Output.Bytes(batch);
        var before = Begin();
        var root = node.Op.Forward([.. node.Inputs.Select(v => own[v])], mode);
        var (change, peak) = (meter.LiveBytes - before, meter.PeakBytes - before);
        var isAlias = change < outputBytes;
        if (isAlias)
            return new([.. node.Inputs.Select(_ => false)], false, true, Math.Max(0, change), peak - change, 0);
        var extra = change - outputBytes;
        var keeps = new Dictionary<Value, bool>();
        foreach (var (value, tensor) in own) keeps[value] = Freed(tensor.Dispose) < value.Bytes(batch);
        var isTrained = root.requires_grad;
        using var gradient = isTrained ? ones_like(root) : null;
        using var nothing = empty(0, root.dtype, device: root.device);
        var keepsOutput = isTrained && Freed(() => Aten.SetData(root, nothing)) < outputBytes;
        long backward = 0;
        if (isTrained)
        {
            before = Begin();
            autograd.backward([root], [gradient!]);
            backward = meter.PeakBytes - before
                - node.Inputs.Distinct().Where(v => v.NeedsGradient).Sum(v => v.Bytes(batch));
        }
        return new([.. node.Inputs.Select(v => isTrained && keeps[v])], keepsOutput, false, isTrained ? extra : 0,
            Math.Max(0, peak - change), Math.Max(0, backward));
    }

    // Sums with a number that needs a gradient: bytes of their own that no leaf of autograd's holds on to.
    private static Dictionary<Value, Tensor> Own(Dictionary<Value, Tensor> values)
    {
        var own = new Dictionary<Value, Tensor>();
        foreach (var (value, tensor) in values)
            if (!value.NeedsGradient) own[value] = tensor.clone();
            else own[value] = zeros([], tensor.dtype, tensor.device, requires_grad: true).add(tensor);
        return own;
    }

    private long Loss(Tensor[] outputs, IReadOnlyList<Tensor> targets)
    {
        using var scope = NewDisposeScope();
        var own = Own(graph.Outputs.Distinct().ToDictionary(v => v, v => outputs[graph.Outputs.ToList().IndexOf(v)]));
        var before = Begin();
        using (var loss = objective.Loss([.. graph.Outputs.Select(o => own[o])], targets))
            if (loss.requires_grad) loss.backward();
        return meter.PeakBytes - before;
    }

    private long Begin()
    {
        meter.ResetPeak();
        return meter.LiveBytes;
    }

    private long Freed(Action release)
    {
        var before = meter.LiveBytes;
        release();
        return before - meter.LiveBytes;
    }
}
