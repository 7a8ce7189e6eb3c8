using System.Runtime.InteropServices;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// A file's graph as a module that runs it operator by operator. What depends on constants and sizes alone is computed
/// on the side, so that a trace of the module sees only what flows.
/// </summary>
internal sealed class OnnxNet : nn.Module<Tensor[], Tensor[]>
{
    private readonly OnnxModel model;
    private readonly Dictionary<OnnxNode, nn.Module> layers = [];
    private readonly Dictionary<string, OnnxItem> held = []; // parameters that no layer has, and constants
    private readonly HashSet<OnnxNode> folded = [];
    private const int MostWidened = 64; // samples
    private readonly FixedBatch? fixedBatch;

    /// <summary>Makes the layers.</summary>
    /// <param name="model">Read and rewritten.</param>
    /// <exception cref="InvalidDataException">An operator is not known.</exception>
    public OnnxNet(OnnxModel model) : base(model.Graph.Name.Length > 0 ? model.Graph.Name : "onnx")
    {
        this.model = model;
        foreach (var node in model.Graph.Nodes) OnnxOperators.Require(node, model.Opset);
        fixedBatch = model.Graph.Inputs.FirstOrDefault()?.Sizes is [var first, ..]
            && long.TryParse(first, out var size) && size > 0 ? new(size) : null;
        var (weights, names) = (new OnnxWeights(model.Graph), new OnnxNames());
        var read = model.Graph.Nodes.SelectMany(n => n.Inputs).Concat(model.Graph.Outputs.Select(o => o.Name)).Where(n => n.Length > 0).ToHashSet();
        foreach (var node in model.Graph.Nodes)
            try
            {
                if (OnnxOperators.Of(node).Layer?.Invoke(new OnnxLayer(node, weights, read)) is not { } layer) continue;
                layers[node] = layer;
                ModuleTree.Register(this, names.Layer(node), layer);
            }
            catch (Exception e) when (e is ExternalException or ArgumentException or IndexOutOfRangeException
                or OverflowException)
            {
                throw new InvalidDataException($"{node.Operator} ({node.Label}): {e.Message.Split('\n')[0]}");
            }
        foreach (var node in model.Graph.Nodes)
            foreach (var (input, index) in node.Inputs.Select((name, i) => (name, i)))
            {
                if (held.ContainsKey(input) || !model.Graph.Weights.TryGetValue(input, out var weight)
                    || layers.ContainsKey(node) && OnnxOperators.Of(node).Weights?.Contains(index) == true) continue;
                var slots = model.Graph.Nodes.Any(n => !layers.ContainsKey(n) && OnnxOperators.Of(n).Weights is { } w
                    && w.Any(i => i < n.Inputs.Count && n.Inputs[i] == input));
                if (slots && weights.Has(input) && !weights.IsMask(input))
                    Hold(input, weights.Parameter(input), names.Weight(input));
                else held[input] = new OnnxItem(weight.ToTensor().DetachFromDisposeScope(), IsKnown: true);
            }
        foreach (var output in model.Graph.Outputs)
            if (model.Graph.Weights.TryGetValue(output.Name, out var weight) && !held.ContainsKey(output.Name))
                held[output.Name] = new OnnxItem(weight.ToTensor().DetachFromDisposeScope(), IsKnown: true);
    }

    /// <summary>Nodes that a run computed on the side, of constants and sizes.</summary>
    public IReadOnlyCollection<OnnxNode> Folded => folded;
    /// <summary>Layers that hold weights.</summary>
    public IReadOnlyDictionary<OnnxNode, nn.Module> Layers => layers;

    /// <summary>Lets go of constants too, which a trace would have taken over.</summary>
    public void DisposeAll()
    {
        foreach (var item in held.Values) item.Tensor.Dispose();
        Dispose();
    }

    private void Hold(string name, TorchSharp.Modules.Parameter parameter, string path)
    {
        held[name] = new OnnxItem(parameter);
        if (parameters().Any(p => p.Identity() == parameter.Identity())) return; // a layer has it: tied
        var at = path.LastIndexOf('.');
        if (at < 0)
        {
            register_parameter(path, parameter);
            return;
        }
        nn.Module parent = this;
        foreach (var part in path[..at].Split('.'))
        {
            if (parent.named_children().FirstOrDefault(c => c.name == part).module is not { } child)
                ModuleTree.Register(parent, part, child = new Scope());
            parent = child;
        }
        parent.register_parameter(path[(at + 1)..], parameter);
    }

    private sealed class Scope() : nn.Module("scope");

    /// <summary>Runs all operators.</summary>
    /// <param name="inputs">In the file's order.</param>
    /// <returns>In the file's order.</returns>
    public override Tensor[] forward(Tensor[] inputs)
    {
        var values = new Dictionary<string, OnnxItem>(held);
        for (var i = 0; i < inputs.Length; i++) values[model.Graph.Inputs[i].Name] = new OnnxItem(inputs[i]);
        var batch = inputs.Length > 0 && inputs[0].dim() > 0 ? inputs[0].shape[0] : 0;
        foreach (var node in model.Graph.Nodes) Run(node, values, batch);
        return [.. model.Graph.Outputs.Select(o => values[o.Name].Tensor)];
    }

    /// <summary>
    /// Learns from a file that was written for one batch where the batch lies, and makes sure that in a larger one each part of the file's size has
    /// the numbers that it has by itself.
    /// </summary>
    /// <param name="examples">Inputs of a batch.</param>
    /// <exception cref="InvalidDataException">It has not.</exception>
    public void Widen(Func<long, Tensor[]> examples)
    {
        if (fixedBatch is not { Size: <= MostWidened }) return; // a larger one costs too much to try
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        eval();
        var one = examples(fixedBatch.Size);
        // words are 0 or 1: the second part has the others
        Tensor[][] parts = [one, [.. one.Select(x => x.is_floating_point() ? randn_like(x) : x.eq(0).to_type(x.dtype))]];
        var apart = parts.Select(forward).ToArray();
        var hint = $"it was written for a batch of {fixedBatch.Size} and does not run another: export it with a free batch (dynamic_axes of torch.onnx.export)";
        Tensor[] together;
        try { together = forward([.. one.Select((_, i) => cat([.. parts.Select(p => p[i])], 0))]); }
        catch (InvalidDataException e) { throw new InvalidDataException($"{hint}: {e.Message}"); }
        fixedBatch.Learned();
        train();
        // numbers drawn at random, and those of the whole batch
        if (model.Graph.Nodes.Any(n => Chances.All.ContainsKey(n.Operator) || n.Operator == "BatchNormalization" && !layers.ContainsKey(n))) return;
        for (var i = 0; i < together.Length; i++)
            if (!FixedBatch.AreClose(together[i], cat([.. apart.Select(a => a[i].dim() > 0 ? a[i] : a[i].unsqueeze(0))], Samples(together[i], apart[0][i]))))
                throw new InvalidDataException($"{hint}: {model.Graph.Outputs[i].Name} has other numbers");
    }

    // A state of a recurrent layer has its directions first.
    private static long Samples(Tensor all, Tensor one)
        => Enumerable.Range(0, (int)Math.Min(all.dim(), one.dim())).FirstOrDefault(d => all.shape[d] != one.shape[d]);

    private void Run(OnnxNode node, Dictionary<string, OnnxItem> values, long batch)
    {
        var inputs = node.Inputs.Select(i => i.Length == 0 ? null : values.GetValueOrDefault(i) ?? (layers.ContainsKey(node) ? null : throw new InvalidDataException($"{node.Operator} ({node.Label}) reads {i}, which was not made"))).ToArray();
        var call = new OnnxCall(node, inputs, model.Opset,
            layers.GetValueOrDefault(node))
        { Fixed = fixedBatch, Batch = batch };
        var ofSizes = node.Operator is "Shape" or "Size" && node.Domain == "";
        var follows = ofSizes && inputs[0] is not { IsKnown: true, FollowsSizes: false }
            || inputs.Any(i => i is { FollowsSizes: true });
        var known = !layers.ContainsKey(node) && (ofSizes || inputs.All(i => i is null or { IsKnown: true }))
            && !OnnxOperators.IsRandom(node);
        try
        {
            if (known && (!follows || !OnnxOperators.GrowsWithSizes(node, call)))
            {
                using var paused = CallRecorder.Pause();
                using var noGrad = no_grad();
                Take(OnnxOperators.Of(node).Run(call), new OnnxItem(null!, IsKnown: true, follows));
                folded.Add(node);
            }
            else Take(OnnxOperators.Of(node).Run(call), new OnnxItem(null!));
        }
        catch (Exception e) when (e is ExternalException or ArgumentException or IndexOutOfRangeException
            or OverflowException or InvalidOperationException or NotSupportedException or NotImplementedException
            or InvalidDataException)
        {
            throw new InvalidDataException($"{node.Operator} ({node.Label}): {e.Message.Split('\n')[0]}");
        }

        void Take(Tensor[] results, OnnxItem like)
        {
            for (var i = 0; i < Math.Min(results.Length, node.Outputs.Count); i++)
                if (node.Outputs[i].Length > 0) values[node.Outputs[i]] = like with { Tensor = results[i] };
        }
    }
}
