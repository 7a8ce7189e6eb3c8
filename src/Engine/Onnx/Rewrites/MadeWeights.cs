using System.Runtime.InteropServices;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// Weights that a file makes of others by operators, as an export without constant folding does, where a layer must hold them or
/// their numbers must be known: they are made here, and the file holds them from then on.
/// </summary>
internal static class MadeWeights
{
    private const int Deepest = 64; // operators, one upon the other

    private static readonly Dictionary<string, int[]> places = new()
    {
        ["LSTM"] = [Recurrences.W, Recurrences.R, Recurrences.B, Recurrences.Peepholes],
        ["GRU"] = [Recurrences.W, Recurrences.R, Recurrences.B],
        ["RNN"] = [Recurrences.W, Recurrences.R, Recurrences.B],
        ["BatchNormalization"] = [1, 2, 3, 4],
        ["Resize"] = [1, 2, 3],
        ["Upsample"] = [1],
    };

    /// <summary>Makes them.</summary>
    public static void Hold(OnnxModel model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var paused = CallRecorder.Pause();
        var graph = model.Graph;
        var makers = new Dictionary<string, OnnxNode>();
        foreach (var node in graph.Nodes)
            foreach (var output in node.Outputs) makers.TryAdd(output, node);
        foreach (var node in graph.Nodes.Where(n => n.Domain.Length == 0 && places.ContainsKey(n.Operator)))
            foreach (var place in places[node.Operator])
                if (place < node.Inputs.Count && node.Inputs[place] is { Length: > 0 } name && !graph.Weights.ContainsKey(name) && Made(name, 0) is { } numbers)
                {
                    // a name of its own: the operator that made it may be read by others
                    var own = node.Inputs[place] = $"{name}.made";
                    if (graph.Weights.ContainsKey(own)) continue;
                    var weight = new OnnxTensor { Name = own, Type = OnnxTypes.Of(numbers.dtype), Raw = numbers.contiguous().bytes.ToArray() };
                    weight.Sizes.AddRange(numbers.shape);
                    weight.Check("");
                    graph.Weights[own] = weight;
                }

        // Null where it depends on the data, or by what is not read: the layer says so then.
        Tensor? Made(string name, int depth)
        {
            if (graph.Weights.TryGetValue(name, out var held)) return held.ToTensor();
            if (depth > Deepest || !makers.TryGetValue(name, out var node) || !OnnxOperators.IsRead(node) || OnnxOperators.IsRandom(node)) return null;
            var inputs = new OnnxItem?[node.Inputs.Count];
            for (var i = 0; i < inputs.Length; i++)
            {
                if (node.Inputs[i].Length == 0) continue;
                if (Made(node.Inputs[i], depth + 1) is not { } input) return null;
                inputs[i] = new OnnxItem(input, IsKnown: true);
            }
            try { return OnnxOperators.Of(node).Run(new OnnxCall(node, inputs, model.Opset, null)).ElementAtOrDefault(node.Outputs.IndexOf(name)); }
            catch (Exception e) when (e is InvalidDataException or ExternalException or ArgumentException or IndexOutOfRangeException or NullReferenceException or OverflowException or InvalidOperationException) { return null; }
        }
    }
}
