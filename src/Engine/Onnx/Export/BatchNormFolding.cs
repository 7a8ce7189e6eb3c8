using System.Runtime.InteropServices;

namespace Interactive.Onnx;

/// <summary>Makes batch norms that alone read a convolution's result part of its weights.</summary>
internal static class BatchNormFolding
{
    public static void Fold(OnnxGraph graph)
    {
        var readers = graph.Nodes.SelectMany(n => n.Inputs).CountBy(i => i).ToDictionary();
        foreach (var norm in graph.Nodes.Where(n => n.Operator == "BatchNormalization").ToArray())
        {
            var conv = graph.Nodes.FirstOrDefault(n => n.Outputs[0] == norm.Inputs[0]);
            if (conv is not { Operator: "Conv" } || graph.Outputs.Any(o => o.Name == norm.Inputs[0])
                || readers[norm.Inputs[0]] != 1 || readers[conv.Inputs[1]] != 1
                || norm.Inputs.Concat(conv.Inputs).Where(i => i != conv.Inputs[0] && i != norm.Inputs[0])
                .Any(i => !graph.Weights.TryGetValue(i, out var weight) || weight.Type != OnnxTypes.Float)) continue;
            var kernel = graph.Weights[conv.Inputs[1]];
            var (scale, shift, mean, variance) = (Numbers(norm, 1), Numbers(norm, 2), Numbers(norm, 3),
                Numbers(norm, 4));
            var eps = norm.Attributes.TryGetValue("epsilon", out var given) ? given.Float : 1e-5f;
            var (weights, bias) = (kernel.ToNumbers(),
                conv.Inputs.Count > 2 ? graph.Weights[conv.Inputs[2]].ToNumbers() : new double[scale.Length]);
            var each = weights.Length / scale.Length;
            for (var channel = 0; channel < scale.Length; channel++)
            {
                var factor = scale[channel] / Math.Sqrt(variance[channel] + eps);
                for (var i = 0; i < each; i++) weights[channel * each + i] *= factor;
                bias[channel] = (bias[channel] - mean[channel]) * factor + shift[channel];
            }
            Set(kernel, weights);
            var added = new OnnxTensor { Name = conv.Inputs[1] + ".folded_bias", Type = OnnxTypes.Float };
            added.Sizes.Add(bias.Length);
            Set(added, bias);
            added.Check("");
            graph.Weights[added.Name] = added;
            if (conv.Inputs.Count > 2) conv.Inputs[2] = added.Name;
            else conv.Inputs.Add(added.Name);
            conv.Outputs[0] = norm.Outputs[0];
            graph.Nodes.Remove(norm);
        }
        var read = graph.Nodes.SelectMany(n => n.Inputs).ToHashSet();
        foreach (var name in graph.Weights.Keys.Where(k => !read.Contains(k)).ToArray()) graph.Weights.Remove(name);

        double[] Numbers(OnnxNode node, int input) => graph.Weights[node.Inputs[input]].ToNumbers();
        void Set(OnnxTensor tensor, double[] values)
            => tensor.Raw = MemoryMarshal.AsBytes<float>(Array.ConvertAll(values, x => (float)x)).ToArray();
    }
}
