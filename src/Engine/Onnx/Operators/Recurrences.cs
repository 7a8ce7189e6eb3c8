using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Recurrent layers: sequences first, one or both directions.</summary>
internal static class Recurrences
{
    private const int W = 1, R = 2, B = 3, Lengths = 4, State = 5, Cell = 6;

    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        // ONNX has i o f c, libtorch i f c o
        ["LSTM"] = new(Lstm, [W, R, B],
            l => Layer(l, 4, [0, 2, 3, 1], (i, h, b, d) => nn.LSTM(i, h, 1, b, bidirectional: d))),
        ["RNN"] = new(Rnn, [W, R, B],
            l => Layer(l, 1, [0], (i, h, b, d) => nn.RNN(i, h, 1, Kind(l), b, bidirectional: d))),
        ["GRU"] = new(Gru, [W, R, B], l => l.Long("linear_before_reset", 0) == 1 ? Layer(l, 3, [1, 0, 2], (i, h, b, d) => nn.GRU(i, h, 1, b, bidirectional: d)) : throw new InvalidDataException("it resets before it multiplies (linear_before_reset is 0), which libtorch does not do")), // z r h, libtorch r z h
    };

    private static nn.Module Layer(OnnxLayer l, int gates, int[] order, Func<long, long, bool, bool, nn.Module> make)
    {
        if (!l.IsWeight(W) || !l.IsWeight(R) || !l.Lacks(B) && !l.IsWeight(B))
            throw new InvalidDataException("its weights are not in the file");
        if (l.Text("direction", "forward") is not ("forward" or "bidirectional") and var other)
            throw new InvalidDataException($"it runs {other}, which is not read");
        if (!l.Lacks(Lengths)) throw new InvalidDataException("it is given lengths of sequences, which are not read");
        if (l.Float("clip", 0) != 0 || gates > 1 && l.Has("activations") || l.Long("layout", 0) != 0 || l.Long("input_forget", 0) != 0) throw new InvalidDataException("it has other activations, a clip or a layout of its own, which are not read");
        var (sizes, bias) = (l.Sizes(W), !l.Lacks(B));
        if (sizes.Length != 3 || sizes[0] is not (1 or 2))
            throw new InvalidDataException($"its weight is {string.Join('x', sizes)}");
        var hidden = l.Long("hidden_size", sizes[1] / gates);
        var layer = make(sizes[2], hidden, bias, sizes[0] == 2);
        for (var direction = 0; direction < sizes[0]; direction++)
        {
            var (d, suffix) = (direction, direction == 0 ? "_l0" : "_l0_reverse");
            Set($"weight_ih{suffix}", l.Parameter(W, ($"w{d}", w => Ordered(w[d], order))));
            Set($"weight_hh{suffix}", l.Parameter(R, ($"r{d}", w => Ordered(w[d], order))));
            if (!bias) continue;
            Set($"bias_ih{suffix}", l.Parameter(B, ($"bi{d}", b => Ordered(b[d].narrow(0, 0, gates * hidden), order))));
            Set($"bias_hh{suffix}",
                l.Parameter(B, ($"bh{d}", b => Ordered(b[d].narrow(0, gates * hidden, gates * hidden), order))));
        }
        return layer;

        void Set(string name, Parameter value)
        {
            using var noGrad = no_grad();
            layer.get_parameter(name)!.copy_(value);
        }
    }

    private static nn.NonLinearities Kind(OnnxLayer l) => l.Texts("activations").Distinct().ToArray() switch
    {
        [] or ["Tanh"] => nn.NonLinearities.Tanh,
        ["Relu"] => nn.NonLinearities.ReLU,
        var other
            => throw new InvalidDataException($"it runs through {string.Join(" and ", other)}: Tanh and Relu are read"),
    };

    private static Tensor Ordered(Tensor gates, int[] order)
        => cat([.. order.Select(i => gates.chunk(order.Length, 0)[i])], 0);

    // (tokens, batch, directions x hidden) as ONNX has it: (tokens, directions, batch, hidden).
    private static Tensor Apart(Tensor y, long directions)
        => y.reshape(y.shape[0], y.shape[1], directions, y.shape[2] / directions).transpose(1, 2);

    private static Tensor[] Lstm(OnnxCall c)
    {
        if (c.Has(7)) throw new InvalidDataException("it has peepholes, which are not read");
        var lstm = (LSTM)c.Module!;
        var directions = c.Text("direction", "forward") == "bidirectional" ? 2 : 1;
        var (y, h, cell) = c.Has(State) ? lstm.call(c[0], (c[State], c[Cell])) : lstm.call(c[0]);
        return [Apart(y, directions), h, cell];
    }

    private static Tensor[] Gru(OnnxCall c)
    {
        var directions = c.Text("direction", "forward") == "bidirectional" ? 2 : 1;
        var (y, h) = ((GRU)c.Module!).call(c[0], c.Maybe(State));
        return [Apart(y, directions), h];
    }

    private static Tensor[] Rnn(OnnxCall c)
    {
        var directions = c.Text("direction", "forward") == "bidirectional" ? 2 : 1;
        var (y, h) = ((RNN)c.Module!).call(c[0], c.Maybe(State));
        return [Apart(y, directions), h];
    }
}
