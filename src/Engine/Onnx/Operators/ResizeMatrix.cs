using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// How the places of one dimension are made of those before, by ONNX's rules: a row of shares for each. libtorch's own
/// interpolation is faster and knows few of the rules.
/// </summary>
/// <param name="coordinates">How a place is counted back, by ONNX's name.</param>
/// <param name="from">Places before.</param>
/// <param name="to">Places after.</param>
/// <param name="scale">How many places one becomes, as the file says; <paramref name="to"/> may be rounded.</param>
internal sealed class ResizeMatrix(string coordinates, long from, long to, double scale)
{
    /// <summary>Takes the nearest place of a dimension.</summary>
    public Tensor Nearest(Tensor x, long axis, string rounding)
    {
        using var places = Paused(()
            => tensor([.. Enumerable.Range(0, (int)to)
            .Select(i => Math.Clamp(Round(Source(i), rounding), 0, from - 1))]));
        return x.index_select(axis, places);
    }

    /// <summary>Mixes the two or four neighbours of each place.</summary>
    /// <param name="x">What is resized.</param>
    /// <param name="axis">Along which dimension.</param>
    /// <param name="cubic">Of a cubic its first coefficient; null for a line.</param>
    /// <param name="onlyInside">Whether neighbours beyond the edge have no share; else the edge stands for
    /// them.</param>
    public Tensor Mixed(Tensor x, long axis, double? cubic, bool onlyInside)
    {
        Arrangements.Bounded([to, from]);
        var shares = new float[to * from];
        for (var i = 0L; i < to; i++)
        {
            var (source, row) = (Source(i), new double[from]);
            var first = (long)Math.Floor(source);
            var weights = cubic is { } a ? Cubic(source - first, a) : [1 - (source - first), source - first];
            for (var k = 0; k < weights.Length; k++)
            {
                var place = first + k - (cubic is null ? 0 : 1);
                if (!onlyInside || place >= 0 && place < from) row[Math.Clamp(place, 0, from - 1)] += weights[k];
            }
            var sum = onlyInside ? row.Sum() : 1;
            for (var j = 0L; j < from; j++) shares[i * from + j] = (float)(row[j] / sum);
        }
        using var matrix = Paused(() => tensor(shares, [to, from]).to_type(x.dtype));
        return axis == x.dim() - 1 ? x.matmul(matrix.t())
            : x.transpose(axis, -1).matmul(matrix.t()).transpose(axis, -1);
    }

    // A constant of the net: no step of it.
    private static Tensor Paused(Func<Tensor> make)
    {
        using var paused = Runtime.CallRecorder.Pause();
        return make();
    }

    private double Source(long place) => coordinates switch
    {
        "asymmetric" => place / scale,
        "align_corners" => to == 1 ? 0 : place * (from - 1.0) / (to - 1),
        "half_pixel" => (place + 0.5) / scale - 0.5,
        "pytorch_half_pixel" => to > 1 ? (place + 0.5) / scale - 0.5 : 0,
        "tf_half_pixel_for_nn" => (place + 0.5) / scale,
        "half_pixel_symmetric" => from / 2.0 * (1 - to / (scale * from)) + (place + 0.5) / scale - 0.5,
        _ => throw new InvalidDataException($"it counts coordinates by {coordinates}, which is not read"),
    };

    private static long Round(double place, string rounding) => rounding switch
    {
        "floor" => (long)Math.Floor(place),
        "ceil" => (long)Math.Ceiling(place),
        "round_prefer_floor" => (long)Math.Ceiling(place - 0.5),
        "round_prefer_ceil" => (long)Math.Floor(place + 0.5),
        _ => throw new InvalidDataException($"it rounds places by {rounding}, which is not read"),
    };

    // Keys' cubic, of the neighbours from one before to two after.
    private static double[] Cubic(double t, double a) => [Far(t + 1, a), Near(t, a), Near(1 - t, a), Far(2 - t, a)];
    private static double Near(double t, double a) => ((a + 2) * t - (a + 3)) * t * t + 1;
    private static double Far(double t, double a) => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
}
