using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// The gated unit of Cho et al. 2014, which resets the state before it multiplies it (Keras' <c>reset_after=False</c>):
/// spelled out token by token, since libtorch's resets afterwards.
/// </summary>
internal static class ResettingGru
{
    private const int W = Recurrences.W, R = Recurrences.R, B = Recurrences.B;
    /// <summary>More are refused: each is some ten operators.</summary>
    public const int MostTokens = 512;

    /// <summary>Runs it.</summary>
    /// <param name="c">With its weights.</param>
    /// <param name="x">(tokens, batch, features).</param>
    /// <param name="state">(directions, batch, hidden), or null for zeros.</param>
    /// <returns>(tokens, batch, directions x hidden), and the last states (directions, batch, hidden).</returns>
    public static (Tensor All, Tensor Last) Run(OnnxCall c, Tensor x, Tensor? state)
    {
        if (x.shape[0] > MostTokens)
            throw new InvalidDataException($"it resets before it multiplies (linear_before_reset is 0), which is spelled out for at most {MostTokens} tokens, got {x.shape[0]}");
        var (kind, directions) = (c.Text("direction", "forward"), (int)c[W].shape[0]);
        var ends = Enumerable.Range(0, directions)
            .Select(d => Direction(c, x, d, state?.select(0, d), backwards: kind == "reverse" || d == 1)).ToArray();
        return (cat([.. ends.Select(e => e.All)], 2), stack([.. ends.Select(e => e.Last)], 0));
    }

    // z r h are the gates' order.
    private static (Tensor All, Tensor Last) Direction(OnnxCall c, Tensor x, int d, Tensor? state, bool backwards)
    {
        Tensor w = c[W].select(0, d), r = c[R].select(0, d);
        var hidden = r.shape[1];
        var bias = c.Maybe(B)?.select(0, d);
        Tensor? Bias(long gate, long gates) => bias?.narrow(0, gate * hidden, gates * hidden);
        Tensor rzr = r.narrow(0, 0, 2 * hidden), rh = r.narrow(0, 2 * hidden, hidden);
        var given = nn.functional.linear(x, w, Bias(0, 3)); // of all tokens at once
        var h = state ?? zeros_like(given.select(0, 0).narrow(1, 0, hidden));
        var all = new Tensor[x.shape[0]];
        for (var i = 0; i < all.Length; i++)
        {
            var t = backwards ? all.Length - 1 - i : i;
            var one = given.select(0, t);
            var gates = (one.narrow(1, 0, 2 * hidden) + nn.functional.linear(h, rzr, Bias(3, 2))).sigmoid();
            Tensor update = gates.narrow(1, 0, hidden), reset = gates.narrow(1, hidden, hidden);
            var wanted = (one.narrow(1, 2 * hidden, hidden) + nn.functional.linear(reset * h, rh, Bias(5, 1))).tanh();
            all[t] = h = wanted + update * (h - wanted);
        }
        return (stack(all, 0), h);
    }
}
