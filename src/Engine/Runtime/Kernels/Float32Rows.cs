using System.Numerics;
using static Interactive.Runtime.Kernels.ElementKernels;

namespace Interactive.Runtime.Kernels;

/// <summary>The passes over fp32 numbers.</summary>
internal readonly unsafe struct Float32Rows : IElementRows<float>
{
    public static void Rectify(float* x, long length)
    {
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count) Store(x + i, Rectified(Load(x + i)));
        for (; i < length; i++) x[i] = Rectified(x[i]);
    }

    public static void Mask(float* g, float* y, float* r, long length)
    {
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
            Store(r + i, Vector.ConditionalSelect(Vector.LessThanOrEqual(Load(y + i), Vector<float>.Zero),
                Vector<float>.Zero, Load(g + i)));
        for (; i < length; i++) r[i] = y[i] <= 0 ? 0 : g[i];
    }

    public static void Add(float* a, float* b, float* r, long length, bool rectify)
    {
        long i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var sum = Load(a + i) + Load(b + i);
            Store(r + i, rectify ? Rectified(sum) : sum);
        }
        for (; i < length; i++)
        {
            var sum = a[i] + b[i];
            r[i] = rectify ? Rectified(sum) : sum;
        }
    }
}
