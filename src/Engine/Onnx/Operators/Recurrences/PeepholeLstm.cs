using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// The LSTM whose gates see the cell too (Gers and Schmidhuber 2000): spelled out token by token, since libtorch has none.
/// </summary>
internal static class PeepholeLstm
{
    /// <summary>Runs it.</summary>
    /// <param name="c">With its weights; gates are in the order i o f c, peepholes i o f.</param>
    /// <param name="x">(tokens, batch, features).</param>
    /// <param name="state">(directions, batch, hidden), or null for zeros.</param>
    /// <param name="cell">The same.</param>
    /// <returns>(tokens, batch, directions x hidden), and the last states and cells (directions, batch, hidden).</returns>
    public static (Tensor All, Tensor Last, Tensor Cells) Run(OnnxCall c, Tensor x, Tensor? state, Tensor? cell)
    {
        if (x.shape[0] > ResettingGru.MostTokens)
            throw new InvalidDataException($"it has peepholes, which are spelled out for at most {ResettingGru.MostTokens} tokens, got {x.shape[0]}");
        var (kind, directions) = (c.Text("direction", "forward"), (int)c[Recurrences.W].shape[0]);
        var ends = Enumerable.Range(0, directions)
            .Select(d => Direction(c, x, d, state?.select(0, d), cell?.select(0, d), backwards: kind == "reverse" || d == 1)).ToArray();
        return (cat([.. ends.Select(e => e.All)], 2), stack([.. ends.Select(e => e.Last)], 0), stack([.. ends.Select(e => e.Cell)], 0));
    }

    private static (Tensor All, Tensor Last, Tensor Cell) Direction(OnnxCall c, Tensor x, int d, Tensor? state, Tensor? cell, bool backwards)
    {
        Tensor w = c[Recurrences.W].select(0, d), r = c[Recurrences.R].select(0, d), p = c[Recurrences.Peepholes].select(0, d);
        var hidden = r.shape[1];
        var bias = c.Maybe(Recurrences.B)?.select(0, d);
        Tensor See(long gate, Tensor cells) => cells * p.narrow(0, gate * hidden, hidden);
        var given = nn.functional.linear(x, w, bias?.narrow(0, 0, 4 * hidden)); // of all tokens at once
        var h = state ?? zeros_like(given.select(0, 0).narrow(1, 0, hidden));
        var s = cell ?? zeros_like(h);
        var all = new Tensor[x.shape[0]];
        for (var i = 0; i < all.Length; i++)
        {
            var t = backwards ? all.Length - 1 - i : i;
            var gates = given.select(0, t) + nn.functional.linear(h, r, bias?.narrow(0, 4 * hidden, 4 * hidden));
            Tensor Gate(long gate) => gates.narrow(1, gate * hidden, hidden);
            s = (Gate(2) + See(2, s)).sigmoid() * s + (Gate(0) + See(0, s)).sigmoid() * Gate(3).tanh();
            all[t] = h = (Gate(1) + See(1, s)).sigmoid() * s.tanh();
        }
        return (stack(all, 0), h, s);
    }
}
