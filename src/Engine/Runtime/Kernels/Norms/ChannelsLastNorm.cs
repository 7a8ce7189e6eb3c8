using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// Batch normalisation of fp32 and bfloat16 pictures whose channels lie last, with an optional rectifier in the same
/// pass, and its backward. Bit-equal to libtorch's kernels, which a test holds: each of libtorch's threads sums up rows
/// of its own, and so many parts are summed up here, whoever runs them.
/// </summary>
internal static unsafe class ChannelsLastNorm
{
    private const int Width = 16; // numbers of a vector
    private const int Together = 4 * Width; // channels whose sums are made side by side: each waits for its last addition

    /// <summary>True when these kernels may run on a tensor of (batch, channels, height, width).</summary>
    public static bool Takes(Tensor x)
        => Vector512.IsHardwareAccelerated && !x.is_contiguous() && ElementKernels.IsDense(x)
        && x.size(1) % Width == 0 && x.numel() / x.size(1) > get_num_threads();

    /// <summary>True when all three lie so.</summary>
    public static bool Takes(Tensor x, Tensor gradient) => Takes(x) && ElementKernels.AreAlike(x, gradient);

    /// <summary>
    /// Statistics of the batch, and relu?((x - mean) / deviation w + b) written to <paramref name="y"/>.
    /// </summary>
    /// <param name="x">What is normalised.</param>
    /// <param name="y">The result, laid as <paramref name="x"/> is.</param>
    /// <param name="mean">Receives the mean of each channel.</param>
    /// <param name="inverseDeviation">Receives 1 / sqrt(variance + epsilon) of each.</param>
    /// <param name="squares">Receives the sum of squared deviations of each.</param>
    /// <param name="weight">Per channel.</param>
    /// <param name="bias">Per channel.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="rectify">Apply the rectifier too.</param>
    public static void Normalise(Tensor x, Tensor y, Tensor mean, Tensor inverseDeviation, Tensor squares,
        Tensor weight, Tensor bias, double epsilon, bool rectify)
    {
        if (x.dtype == ScalarType.Float32)
            new Rows<Float32Numbers, float>(x).Normalise(y, mean, inverseDeviation, squares, weight, bias, epsilon,
                rectify);
        else
            new Rows<BFloat16Numbers, ushort>(x).Normalise(y, mean, inverseDeviation, squares, weight, bias, epsilon,
                rectify);
    }

    /// <summary>The same result again from a batch's statistics.</summary>
    public static void Apply(Tensor x, Tensor y, Tensor mean, Tensor inverseDeviation, Tensor weight, Tensor bias,
        bool rectify)
    {
        if (x.dtype == ScalarType.Float32)
            new Rows<Float32Numbers, float>(x).Apply(y, mean, inverseDeviation, weight, bias, rectify);
        else new Rows<BFloat16Numbers, ushort>(x).Apply(y, mean, inverseDeviation, weight, bias, rectify);
    }

    /// <summary>Gradients of the input, which may be null, of the weight and of the bias.</summary>
    public static void Backward(Tensor x, Tensor gradient, Tensor? ofInput, Tensor ofWeight, Tensor ofBias, Tensor mean,
        Tensor inverseDeviation, Tensor weight)
    {
        if (x.dtype == ScalarType.Float32)
            new Rows<Float32Numbers, float>(x).Backward(gradient, ofInput, ofWeight, ofBias, mean, inverseDeviation,
                weight);
        else
            new Rows<BFloat16Numbers, ushort>(x).Backward(gradient, ofInput, ofWeight, ofBias, mean, inverseDeviation,
                weight);
    }

    /// <summary>A row of all channels for each position of each sample.</summary>
    private readonly struct Rows<TNumbers, T>(Tensor x) where TNumbers : INumbers<T> where T : unmanaged
    {
        private readonly T* data = (T*)ElementKernels.Data(x);
        private readonly long channels = x.size(1);
        private readonly long count = x.numel() / x.size(1);
        private readonly int threads = get_num_threads();
        private readonly float[] found = new float[get_num_threads()];

        public void Normalise(Tensor y, Tensor mean, Tensor inverseDeviation, Tensor squares, Tensor weight,
            Tensor bias, double epsilon, bool rectify)
        {
            float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation),
                q = ElementKernels.Data(squares);
            var sums = new float[threads * channels];
            Sum(sums, null);
            for (var c = 0L; c < channels; c++) m[c] = TNumbers.Mean(OfChannel(sums, c), count);
            Array.Clear(sums);
            Sum(sums, m);
            for (var c = 0L; c < channels; c++)
            {
                q[c] = TNumbers.Total(OfChannel(sums, c));
                s[c] = (float)(1 / Math.Sqrt(q[c] / (float)count + epsilon));
            }
            Apply(y, mean, inverseDeviation, weight, bias, rectify);
        }

        public void Apply(Tensor y, Tensor mean, Tensor inverseDeviation, Tensor weight, Tensor bias, bool rectify)
        {
            float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation),
                w = ElementKernels.Data(weight), b = ElementKernels.Data(bias);
            var (alpha, beta) = (new float[channels], new float[channels]);
            for (var c = 0L; c < channels; c++)
            {
                alpha[c] = s[c] * w[c];
                beta[c] = MathF.FusedMultiplyAdd(-m[c], alpha[c], b[c]);
            }
            T* from = data, to = (T*)ElementKernels.Data(y);
            var width = channels;
            OpenMp.For(count, Math.Max(1, (1 << 14) / channels), (first, end) =>
            {
                fixed (float* a = alpha, o = beta)
                    for (var at = first * width; at < end * width; at += width)
                        for (var c = 0L; c < width; c += Width)
                        {
                            var v = Vector512.FusedMultiplyAdd(TNumbers.Load(from + at + c), Vector512.Load(a + c),
                                Vector512.Load(o + c));
                            if (rectify) TNumbers.StoreRectified(to + at + c, v);
                            else TNumbers.Store(to + at + c, v);
                        }
            });
        }

        public void Backward(Tensor gradient, Tensor? ofInput, Tensor ofWeight, Tensor ofBias, Tensor mean,
            Tensor inverseDeviation, Tensor weight)
        {
            float* m = ElementKernels.Data(mean), s = ElementKernels.Data(inverseDeviation),
                w = ElementKernels.Data(weight), gw = ElementKernels.Data(ofWeight), gb = ElementKernels.Data(ofBias);
            var arriving = (T*)ElementKernels.Data(gradient);
            var (sums, products) = (new float[threads * channels], new float[threads * channels]);
            SumProducts(arriving, m, sums, products);
            var (share, means) = (new float[channels], new float[channels]);
            for (var c = 0L; c < channels; c++)
            {
                gb[c] = TNumbers.Total(OfChannel(sums, c));
                var product = TNumbers.Total(OfChannel(products, c));
                gw[c] = product * s[c];
                share[c] = product * s[c] * s[c] / count;
                means[c] = gb[c] / count;
            }
            if (ofInput is null) return;
            T* from = data, to = (T*)ElementKernels.Data(ofInput);
            var width = channels;
            OpenMp.For(count, Math.Max(1, (1 << 14) / channels), (first, end) =>
            {
                fixed (float* k = share, g = means)
                    for (var at = first * width; at < end * width; at += width)
                        for (var c = 0L; c < width; c += Width)
                        {
                            var x = TNumbers.Load(from + at + c) - Vector512.Load(m + c);
                            var dy = TNumbers.Load(arriving + at + c) - Vector512.Load(g + c);
                            var dx = Vector512.FusedMultiplyAdd(-x, Vector512.Load(k + c), dy);
                            TNumbers.Store(to + at + c, dx * Vector512.Load(s + c) * Vector512.Load(w + c));
                        }
            });
        }

        // Of x, or of its squared deviations, by the rows of each thread of libtorch's and by channel.
        private void Sum(float[] sums, float* mean)
        {
            var from = data;
            var width = channels;
            ByTiles((first, rows, thread) =>
            {
                fixed (float* all = sums)
                    for (long c = 0, step; c < width; c += step)
                    {
                        step = width - c >= Together ? Together : Width;
                        var x = from + first * width + c;
                        if (mean is null) Add(x, rows, width, all + thread * width + c, step);
                        else AddSquares(x, rows, width, mean + c, all + thread * width + c, step);
                    }
            });
        }

        private void SumProducts(T* arriving, float* mean, float[] sums, float[] products)
        {
            var from = data;
            var width = channels;
            ByTiles((first, rows, thread) =>
            {
                fixed (float* all = sums, allProducts = products)
                    for (var c = 0L; c < width; c += Width)
                    {
                        var (begin, at) = (first * width + c, thread * width + c);
                        AddProducts(from + begin, arriving + begin, rows, width, mean + c, all + at,
                            allProducts + at);
                    }
            });
        }

        // Rows of which one pass finds in the cache what it reads again for the next channels; one after the other
        // within a thread's part, so that no sum has another order.
        private void ByTiles(Action<long, long, long> run)
        {
            var (rows, part) = (count, Part);
            var tile = Math.Max(1, (1 << 15) / (channels * sizeof(T)));
            OpenMp.For(threads, 1, (begin, end) =>
            {
                for (var thread = begin; thread < end; thread++)
                {
                    var last = Math.Min(rows, (thread + 1) * part);
                    for (var first = thread * part; first < last; first += tile)
                        run(first, Math.Min(tile, last - first), thread);
                }
            });
        }

        private static void Add(T* x, long rows, long width, float* sums, long count)
        {
            if (count == Together)
            {
                Vector512<float> a = Vector512.Load(sums), b = Vector512.Load(sums + Width),
                    c = Vector512.Load(sums + 2 * Width), d = Vector512.Load(sums + 3 * Width);
                for (var row = 0L; row < rows; row++, x += width)
                {
                    a += TNumbers.Load(x);
                    b += TNumbers.Load(x + Width);
                    c += TNumbers.Load(x + 2 * Width);
                    d += TNumbers.Load(x + 3 * Width);
                }
                a.Store(sums);
                b.Store(sums + Width);
                c.Store(sums + 2 * Width);
                d.Store(sums + 3 * Width);
                return;
            }
            var sum = Vector512.Load(sums);
            for (var row = 0L; row < rows; row++, x += width) sum += TNumbers.Load(x);
            sum.Store(sums);
        }

        private static void AddSquares(T* x, long rows, long width, float* mean, float* sums, long count)
        {
            if (count == Together)
            {
                AddSquares(x, rows, width, mean, sums);
                AddSquares(x + 2 * Width, rows, width, mean + 2 * Width, sums + 2 * Width);
                return;
            }
            var (sum, middle) = (Vector512.Load(sums), Vector512.Load(mean));
            for (var row = 0L; row < rows; row++, x += width)
            {
                var apart = TNumbers.Load(x) - middle;
                sum = Vector512.FusedMultiplyAdd(apart, apart, sum);
            }
            sum.Store(sums);
        }

        private static void AddSquares(T* x, long rows, long width, float* mean, float* sums)
        {
            Vector512<float> a = Vector512.Load(sums), b = Vector512.Load(sums + Width), m = Vector512.Load(mean),
                n = Vector512.Load(mean + Width);
            for (var row = 0L; row < rows; row++, x += width)
            {
                Vector512<float> p = TNumbers.Load(x) - m, q = TNumbers.Load(x + Width) - n;
                a = Vector512.FusedMultiplyAdd(p, p, a);
                b = Vector512.FusedMultiplyAdd(q, q, b);
            }
            a.Store(sums);
            b.Store(sums + Width);
        }

        private static void AddProducts(T* x, T* arriving, long rows, long width, float* mean, float* sums,
            float* products)
        {
            var (sum, product, middle) = (Vector512.Load(sums), Vector512.Load(products), Vector512.Load(mean));
            for (var row = 0L; row < rows; row++, x += width, arriving += width)
            {
                var dy = TNumbers.Load(arriving);
                sum += dy;
                product = Vector512.FusedMultiplyAdd(TNumbers.Load(x) - middle, dy, product);
            }
            sum.Store(sums);
            product.Store(products);
        }

        private long Part => (count + threads - 1) / threads;

        private ReadOnlySpan<float> OfChannel(float[] sums, long channel)
        {
            for (var t = 0; t < threads; t++) found[t] = sums[t * channels + channel];
            return found;
        }
    }
}
