using System.Numerics;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// A step of Adam in one pass over a parameter, its gradient and its two moments, where libtorch's operators make
/// eleven. Each number is rounded where they round it, so the bits are theirs, which a test holds.
/// </summary>
internal static unsafe class AdamKernel
{
    private const long Grain = 1 << 14;

    /// <summary>What a step does to every number.</summary>
    /// <param name="Kept">The share of the parameter that decoupled weight decay leaves; 1 for none.</param>
    /// <param name="Penalty">Times the parameter is added to the gradient; 0 for none.</param>
    /// <param name="Beta1">Decay of the mean.</param>
    /// <param name="Fresh1">Share of the gradient in the mean.</param>
    /// <param name="Beta2">Decay of the squares.</param>
    /// <param name="Fresh2">Share of the gradient's square.</param>
    /// <param name="Correction">Divides the root of the squares.</param>
    /// <param name="Epsilon">Is added to it.</param>
    /// <param name="Size">Of the step, negative.</param>
    public readonly record struct Factors(float Kept, float Penalty, float Beta1, float Fresh1, float Beta2,
        float Fresh2, float Correction, float Epsilon, float Size);

    // void vmsSqrt(int count, const float* from, float* to, long mode), MKL's, which libtorch calls and which does not
    // round to the nearest everywhere
    private static readonly delegate* unmanaged<int, float*, float*, long, void> Sqrt
        = (delegate* unmanaged<int, float*, float*, long, void>)(TorchLoader.TryGetExport("vmsSqrt", out var address)
            ? address : 0);
    // as libtorch calls it: high accuracy, denormal numbers kept, errors ignored
    private const long SqrtMode = 0x140102;
    private const int Block = 2048; // numbers whose roots wait on the stack

    /// <summary>True when <see cref="Step"/> may run on these.</summary>
    public static bool Takes(params ReadOnlySpan<Tensor> tensors)
    {
        if (!Vector.IsHardwareAccelerated || Sqrt == null) return false; // without fused products the bits differ
        foreach (var tensor in tensors)
            if (!ElementKernels.Takes(tensor)) return false;
        return true;
    }

    /// <summary>Moves a parameter and its moments; all contiguous, fp32 and of one size.</summary>
    public static void Step(Tensor parameter, Tensor gradient, Tensor mean, Tensor square, Factors by)
    {
        float* p = ElementKernels.Data(parameter), g = ElementKernels.Data(gradient), m = ElementKernels.Data(mean),
            s = ElementKernels.Data(square);
        OpenMp.For(parameter.numel(), Grain, (from, to) =>
        {
            var roots = stackalloc float[Block];
            for (var i = from; i < to; i += Block)
            {
                var count = (int)Math.Min(Block, to - i);
                Moments(p + i, g + i, m + i, s + i, count, by);
                Sqrt(count, s + i, roots, SqrtMode);
                Move(p + i, m + i, roots, count, by);
            }
        });
    }

    private static void Moments(float* p, float* g, float* m, float* s, int count, in Factors by)
    {
        var i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            var gradient = ElementKernels.Load(g + i);
            if (by.Penalty != 0)
                gradient = Vector.FusedMultiplyAdd(ElementKernels.Load(p + i), new Vector<float>(by.Penalty), gradient);
            ElementKernels.Store(m + i,
                Vector.FusedMultiplyAdd(gradient, new Vector<float>(by.Fresh1),
                ElementKernels.Load(m + i) * new Vector<float>(by.Beta1)));
            ElementKernels.Store(s + i,
                Vector.FusedMultiplyAdd(new Vector<float>(by.Fresh2) * gradient, gradient,
                ElementKernels.Load(s + i) * new Vector<float>(by.Beta2)));
        }
        for (; i < count; i++)
        {
            var gradient = by.Penalty != 0 ? MathF.FusedMultiplyAdd(p[i], by.Penalty, g[i]) : g[i];
            m[i] = MathF.FusedMultiplyAdd(gradient, by.Fresh1, m[i] * by.Beta1);
            s[i] = MathF.FusedMultiplyAdd(by.Fresh2 * gradient, gradient, s[i] * by.Beta2);
        }
    }

    private static void Move(float* p, float* m, float* roots, int count, in Factors by)
    {
        var i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            var divisor = ElementKernels.Load(roots + i) / new Vector<float>(by.Correction)
                + new Vector<float>(by.Epsilon);
            ElementKernels.Store(p + i,
                ElementKernels.Load(p + i) * new Vector<float>(by.Kept)
                + new Vector<float>(by.Size) * ElementKernels.Load(m + i) / divisor);
        }
        for (; i < count; i++) p[i] = p[i] * by.Kept + by.Size * m[i] / (roots[i] / by.Correction + by.Epsilon);
    }
}
