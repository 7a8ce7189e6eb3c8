using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>Recurrent layers: sequences first, one or both directions.</summary>
internal static class Recurrences
{
    public const int W = 1, R = 2, B = 3, Lengths = 4, State = 5, Cell = 6, Peepholes = 7;

    public static readonly Dictionary<string, OnnxOperator> All = new()
    {
        // ONNX has i o f c, libtorch i f c o
        ["LSTM"] = new(Lstm, [W, R, B, Peepholes], l => l.Lacks(Peepholes)
            ? Layer(l, 4, [0, 2, 3, 1], (i, h, b, d) => nn.LSTM(i, h, 1, b, bidirectional: d)) : SpelledOut(l)),
        ["RNN"] = new(Rnn, [W, R, B],
            l => Layer(l, 1, [0], (i, h, b, d) => nn.RNN(i, h, 1, Kind(l), b, bidirectional: d))),
        // z r h, libtorch r z h; one that resets before it multiplies libtorch has not, and is spelled out
        ["GRU"] = new(Gru, [W, R, B], l => l.Long("linear_before_reset", 0) == 0 ? SpelledOut(l)
            : Layer(l, 3, [1, 0, 2], (i, h, b, d) => nn.GRU(i, h, 1, b, bidirectional: d))),
    };

    private static void Check(OnnxLayer l, bool isGated)
    {
        if (!l.IsWeight(W) || !l.IsWeight(R) || !l.Lacks(B) && !l.IsWeight(B) || !l.Lacks(Peepholes) && !l.IsWeight(Peepholes))
            throw new InvalidDataException("its weights are not in the file");
        if (l.Text("direction", "forward") is not ("forward" or "reverse" or "bidirectional") and var other)
            throw new InvalidDataException($"it runs {other}, which is not read");
        if (l.Float("clip", 0) != 0 || isGated && l.Has("activations") || l.Long("input_forget", 0) != 0) throw new InvalidDataException("it has other activations or a clip, which are not read");
    }

    // Always null: its weights are parameters of no layer.
    private static nn.Module? SpelledOut(OnnxLayer l)
    {
        Check(l, isGated: true);
        return null;
    }

    private static nn.Module Layer(OnnxLayer l, int gates, int[] order, Func<long, long, bool, bool, nn.Module> make)
    {
        Check(l, gates > 1);
        var (sizes, bias) = (l.Sizes(W), !l.Lacks(B));
        if (sizes.Length != 3 || sizes[0] != (l.Text("direction", "forward") == "bidirectional" ? 2 : 1))
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

    // (tokens, batch, directions x hidden) as ONNX has it: (tokens, directions, batch, hidden), or samples first.
    private static Tensor Apart(OnnxCall c, Tensor y)
    {
        if (c.Module is not null) y = Forwards(c, y);
        var parts = y.reshape(y.shape[0], y.shape[1], Directions(c), y.shape[2] / Directions(c));
        return IsSamplesFirst(c) ? parts.transpose(0, 1) : parts.transpose(1, 2);
    }

    private static int Directions(OnnxCall c) => c.Text("direction", "forward") == "bidirectional" ? 2 : 1;

    private static bool IsSamplesFirst(OnnxCall c) => c.Long("layout", 0) == 1;

    // Some exporters write the number of tokens for each sample, though it is that of all.
    private static Tensor Tokens(OnnxCall c)
    {
        var x = Turned(c, c[0]);
        if (c.Has(Lengths) && (!c.IsKnown(Lengths) || c.Longs(Lengths).Any(length => length != x.shape[0])))
            throw new InvalidDataException($"it is given lengths of sequences that are not all {x.shape[0]}, which are not read");
        return x;
    }

    /// <summary>Tokens first, or directions first, whatever the file has.</summary>
    public static Tensor Turned(OnnxCall c, Tensor x) => IsSamplesFirst(c) ? x.transpose(0, 1).contiguous() : x;

    // A state that the file made for its own batch begins each part of another.
    private static Tensor Begin(OnnxCall c, int index)
    {
        var state = Turned(c, c[index]);
        return c.Fixed?.Repeated(state, 1, c.Batch) ?? state;
    }

    // libtorch's layers run forwards: for one that runs backwards the tokens are turned round, before and after.
    private static Tensor Forwards(OnnxCall c, Tensor tokens) => c.Text("direction", "forward") == "reverse" ? tokens.flip(0) : tokens;

    private static Tensor[] Lstm(OnnxCall c)
    {
        if (c.Module is not LSTM lstm)
        {
            var (all, last, cells) = PeepholeLstm.Run(c, Tokens(c), c.Has(State) ? Begin(c, State) : null, c.Has(Cell) ? Begin(c, Cell) : null);
            return [Apart(c, all), Turned(c, last), Turned(c, cells)];
        }
        var x = Forwards(c, Tokens(c));
        var (y, h, cell) = c.Has(State) ? lstm.call(x, (Begin(c, State), Begin(c, Cell))) : lstm.call(x);
        return [Apart(c, y), Turned(c, h), Turned(c, cell)];
    }

    private static Tensor[] Gru(OnnxCall c)
    {
        var (x, state) = (Tokens(c), c.Has(State) ? Begin(c, State) : null);
        var (y, h) = c.Module is GRU gru ? gru.call(Forwards(c, x), state) : ResettingGru.Run(c, x, state);
        return [Apart(c, y), Turned(c, h)];
    }

    private static Tensor[] Rnn(OnnxCall c)
    {
        var (y, h) = ((RNN)c.Module!).call(Forwards(c, Tokens(c)), c.Has(State) ? Begin(c, State) : null);
        return [Apart(c, y), Turned(c, h)];
    }
}
