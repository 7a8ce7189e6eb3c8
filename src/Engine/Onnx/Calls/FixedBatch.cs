using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// A file that was written for a batch of one size has that size among its constants. Which dimension of a reshape's result has the batch in it is
/// found from numbers: parts of the file's own size are run by themselves and then together, and what is read is compared.
/// </summary>
/// <param name="size">Samples that the file was written for.</param>
internal sealed class FixedBatch(long size)
{
    /// <summary>Parts that are run together.</summary>
    public const int Parts = 2;
    private const double Tolerance = 1e-3;

    private readonly Dictionary<OnnxNode, List<(Tensor From, long[] To)>> apart = [];
    private readonly Dictionary<OnnxNode, (int Dimension, long[] To)> places = [];
    private bool isLearning = true;

    /// <summary>Samples that the file was written for.</summary>
    public long Size => size;

    /// <summary>The sizes that a reshape gives for this batch.</summary>
    /// <param name="node">The reshape.</param>
    /// <param name="x">What it reads.</param>
    /// <param name="sizes">As the file has them; one of them may be -1.</param>
    /// <param name="batch">Samples of this run.</param>
    public long[] Sizes(OnnxNode node, Tensor x, long[] sizes, long batch)
    {
        if (batch == size && isLearning)
        {
            if (!apart.TryGetValue(node, out var parts)) apart[node] = parts = [];
            parts.Add((x, Resolved(sizes, x.numel())));
            return sizes;
        }
        if (isLearning) Learn(node, x);
        if (!places.TryGetValue(node, out var place)) return sizes;
        long[] to = [.. place.To];
        to[place.Dimension] = to[place.Dimension] / size * batch;
        return to;
    }

    /// <summary>Numbers that were made for the file's batch, as often as another batch wants them.</summary>
    public Tensor Repeated(Tensor x, int dimension, long wanted)
        => x.shape[dimension] != size || wanted == size ? x
        : size == 1 ? x.expand([.. x.shape.Select((s, d) => d == dimension ? wanted : s)])
        : cat([.. Enumerable.Repeat(x, (int)((wanted + size - 1) / size))], dimension).narrow(dimension, 0, wanted);

    /// <summary>A constant that was made for the file's batch and has like rows: one of them, which stretches to what it meets in another batch.</summary>
    public Tensor Stretched(Tensor constant, Tensor met, long batch)
    {
        for (var d = 1; d <= Math.Min(constant.dim(), met.dim()); d++)
        {
            var (own, other) = (constant.shape[^d], met.shape[^d]);
            if (own <= 1 || own == other || own * batch != other * size) continue;
            using var paused = CallRecorder.Pause();
            var first = constant.narrow(constant.dim() - d, 0, 1);
            if (constant.eq(first).all().item<bool>()) constant = first;
        }
        return constant;
    }

    /// <summary>Forgets what was run.</summary>
    public void Learned()
    {
        isLearning = false;
        apart.Clear();
    }

    /// <summary>True where these are the same numbers but for rounding.</summary>
    public static bool AreClose(Tensor a, Tensor b)
    {
        if (!a.shape.SequenceEqual(b.shape)) return false;
        if (a.numel() == 0) return true;
        var (x, y) = (a.to_type(ScalarType.Float64), b.to_type(ScalarType.Float64));
        var largest = where(y.isfinite(), y, zeros_like(y)).abs().max().item<double>();
        return x.allclose(y, Tolerance, 0.1 * Tolerance * largest, equal_nan: true);
    }

    private static long[] Resolved(long[] sizes, long count)
        => [.. sizes.Select(s => s >= 0 ? s : count / Math.Max(1, sizes.Where(t => t >= 0).Aggregate(1L, (a, b) => a * b)))];

    private void Learn(OnnxNode node, Tensor x)
    {
        if (!apart.TryGetValue(node, out var parts) || parts.Count != Parts) return;
        long[] one = parts[0].From.shape, all = x.shape;
        if (one.Length != all.Length || Enumerable.Range(0, one.Length).Where(d => one[d] != all[d]).ToArray() is not [var p] || all[p] != Parts * one[p]) return;
        var before = one[..p].Aggregate(1L, (a, b) => a * b);
        var fits = Outer().DefaultIfEmpty(1).SelectMany(outer => Fits(parts[0].To, before * outer)).OrderBy(f => f.Rank).ToArray();
        if (fits.Length > 0) places[node] = (fits[0].Dimension, parts[0].To);

        // Of the dimension that grew, how many numbers come before the batch: (tokens x batch) has all tokens before it. Like numbers fit several ways.
        IEnumerable<long> Outer() => Enumerable.Range(1, (int)one[p]).Select(o => (long)o).Where(outer => one[p] % outer == 0
            && x.reshape([.. one[..p], outer, Parts, one[p] / outer, .. one[(p + 1)..]]) is var split
            && Enumerable.Range(0, Parts).All(j => AreClose(split.select(p + 1, j).reshape(one), parts[j].From)));
    }

    // The bytes lie alike wherever the batch is counted: by itself if it can be, else not in the last dimension, whose numbers are features.
    private IEnumerable<(int Dimension, int Rank)> Fits(long[] to, long before)
    {
        for (var (d, passed) = (0, 1L); d < to.Length && to[d] > 0 && before % passed == 0; passed *= to[d++])
        {
            var outer = before / passed;
            if (to[d] % outer == 0 && to[d] / outer % size == 0)
                yield return (d, outer == 1 && to[d] == size ? 0 : outer == 1 && d < to.Length - 1 ? 1 : to[d] == outer * size ? 2 : 3);
        }
    }
}
