namespace Interactive.Onnx;

using Write = Func<ExportCall, string[]>;

/// <summary>Layers over a sequence, and single cells of them.</summary>
internal static class RecurrenceExports
{
    public static readonly Dictionary<string, Write> All = new()
    {
        ["lstm"] = c => Recurrences(c, "LSTM", 4, [0, 3, 1, 2]),
        ["gru"] = c => Recurrences(c, "GRU", 3, [1, 0, 2]),
        ["rnn_tanh"] = c => Recurrences(c, "RNN", 1, [0], "Tanh"),
        ["rnn_relu"] = c => Recurrences(c, "RNN", 1, [0], "Relu"),
        ["lstm_cell"] = Lstm,
        ["gru_cell"] = c => [Gru(c)],
        ["rnn_tanh_cell"] = c => [c.Emit("Tanh", [c.Emit("Add", [Into(c, 0, 2, 4), Into(c, 1, 3, 5)])])],
        ["rnn_relu_cell"] = c => [c.Emit("Relu", [c.Emit("Add", [Into(c, 0, 2, 4), Into(c, 1, 3, 5)])])],
    };

    // (x, [h, c], weights of x, of h, biases of x, of h), as libtorch computes it: gates i f g o
    private static string[] Lstm(ExportCall c)
    {
        var states = c.Names(1);
        var gates = c.Emit("Add", [Into(c, c[0], 2, 4), Into(c, states[0], 3, 5)]);
        var parts = Parts(c, gates, 4);
        string Gate(int i) => c.Emit("Sigmoid", [parts[i]]);
        var cell = c.Emit("Add", [c.Emit("Mul", [Gate(1), states[1]]), c.Emit("Mul", [Gate(0), c.Emit("Tanh", [parts[2]])])]);
        return [c.Emit("Mul", [Gate(3), c.Emit("Tanh", [cell])]), cell];
    }

    // gates r z n
    private static string Gru(ExportCall c)
    {
        string[] x = Parts(c, Into(c, 0, 2, 4), 3), h = Parts(c, Into(c, 1, 3, 5), 3);
        string Gate(int i) => c.Emit("Sigmoid", [c.Emit("Add", [h[i], x[i]])]);
        var made = c.Emit("Tanh", [c.Emit("Add", [x[2], c.Emit("Mul", [h[2], Gate(0)])])]);
        return c.Emit("Add", [c.Emit("Mul", [c.Emit("Sub", [c[1], made]), Gate(1)]), made]);
    }

    private static string Into(ExportCall c, int value, int weight, int bias) => Into(c, c[value], weight, bias);

    private static string Into(ExportCall c, string value, int weight, int bias)
        => c.Emit("Gemm", [value, c[weight], c.Maybe(bias)], ("transB", 1L));

    private static string[] Parts(ExportCall c, string gates, int count)
        => c.File.Emit("Split", [gates], count, ("axis", 1L), ("num_outputs", (long)count));

    // (x, states, weights, has_biases, layers, dropout, train, bidirectional, batch_first)
    private static string[] Recurrences(ExportCall c, string name, long gates, int[] order, string? activation = null)
    {
        var states = c.IsTensor(1) ? [c[1]] : c.Names(1);
        var (weights, biases, layers, both, first) = (c.Names(2), c.Flag(3), c.Long(4), c.Flag(7), c.Flag(8));
        var (directions, each) = (both ? 2 : 1, biases ? 4 : 2);
        var x = first ? c.Emit("Transpose", [c[0]], ("perm", new long[] { 1, 0, 2 })) : c[0];
        var (h, cell) = (new List<string>(), new List<string>());
        for (var layer = 0; layer < layers; layer++)
        {
            string Joined(params int[] which)
            {
                var parts =
                    Enumerable.Range(0, directions)
                    .Select(d => TorchSharp.torch.cat([.. which.Select(w
                    => Ordered(c, weights[(layer * directions + d) * each + w], gates, order))], 0)).ToArray();
                using var all = TorchSharp.torch.stack(parts, 0);
                return c.File.Weight(all, $"{weights[layer * directions * each + which[0]]}.onnx");
            }
            var bias = biases ? Joined(2, 3) : "";
            string State(int which)
                => layers == 1 ? states[which]
                : c.Emit("Slice",
                [states[which], c.List(layer * directions), c.List((layer + 1) * directions), c.List(0)]);
            (string,
                OnnxAttribute)[] settings = [("hidden_size", c.File.Model.Graph.Weights[weights[1]].Sizes[1]),
                ("direction", both ? "bidirectional" : "forward")];
            if (name == "GRU") settings = [.. settings, ("linear_before_reset", 1L)];
            if (activation is not null) settings = [.. settings, ("activations", Enumerable.Repeat(activation, directions).ToArray())];
            var y = c.File.Emit(name,
                name == "LSTM" ? [x, Joined(0), Joined(1), bias, "", State(0), State(1)]
                : [x, Joined(0), Joined(1), bias, "", State(0)], name == "LSTM" ? 3 : 2, settings);
            x = both
                ? c.Emit("Reshape",
                [c.Emit("Transpose", [y[0]], ("perm", new long[] { 0, 2, 1, 3 })), c.List(0, 0, -1)])
                : c.Emit("Squeeze", [y[0], c.List(1)]);
            h.Add(y[1]);
            if (name == "LSTM") cell.Add(y[2]);
        }
        var output = first ? c.Emit("Transpose", [x], ("perm", new long[] { 1, 0, 2 })) : x;
        return name == "LSTM" ? [output, Many(c, h, 0), Many(c, cell, 0)] : [output, Many(c, h, 0)];
    }

    private static string Many(ExportCall c, IReadOnlyList<string> values, long axis)
        => values.Count == 1 ? values[0] : c.Emit("Concat", values, ("axis", axis));

    // The gates in the order that ONNX has them.
    private static TorchSharp.torch.Tensor Ordered(ExportCall c, string weight, long gates, int[] order)
    {
        using var tensor = c.File.Model.Graph.Weights[weight].ToTensor();
        var parts = tensor.chunk(gates, 0);
        return TorchSharp.torch.cat([.. order.Select(i => parts[i])], 0);
    }
}
