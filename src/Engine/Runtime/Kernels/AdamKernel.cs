using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// A step of Adam in one pass over a parameter, its gradient and its two moments, where libtorch's operators make eleven. Each number is
/// rounded where they round it, so the bits are theirs, which a test holds.
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
    public readonly record struct Factors(float Kept, float Penalty, float Beta1, float Fresh1, float Beta2, float Fresh2, float Correction, float Epsilon, float Size);

    /// <summary>True when <see cref="Step"/> may run on these.</summary>
    public static bool Takes(params ReadOnlySpan<Tensor> tensors)
    {
        if (!Vector.IsHardwareAccelerated) return false; // without fused products the bits differ
        foreach (var tensor in tensors)
            if (!ElementKernels.Takes(tensor)) return false;
        return true;
    }

    /// <summary>Moves a parameter and its moments; all contiguous, fp32 and of one size.</summary>
    public static void Step(Tensor parameter, Tensor gradient, Tensor mean, Tensor square, Factors by)
    {
        float* p = ElementKernels.Data(parameter), g = ElementKernels.Data(gradient), m = ElementKernels.Data(mean), s = ElementKernels.Data(square);
        OpenMp.For(parameter.numel(), Grain, (from, to) =>
        {
            var i = from;
            for (; i <= to - Vector<float>.Count; i += Vector<float>.Count) Vectors(p + i, g + i, m + i, s + i, by);
            if (i == to) return;
            // The last few as a vector of their own: scalar code would be compiled, and might be rounded, in another way.
            var count = (int)(to - i);
            var rest = stackalloc float[4 * Vector<float>.Count];
            var (size, width) = ((uint)count * sizeof(float), Vector<float>.Count);
            new Span<float>(rest, 4 * width).Clear();
            float*[] all = [p, g, m, s];
            for (var k = 0; k < 4; k++) Unsafe.CopyBlockUnaligned(rest + k * width, all[k] + i, size);
            Vectors(rest, rest + width, rest + 2 * width, rest + 3 * width, by);
            for (var k = 0; k < 4; k++)
                if (k != 1) Unsafe.CopyBlockUnaligned(all[k] + i, rest + k * width, size);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Vectors(float* p, float* g, float* m, float* s, in Factors by)
    {
        Vector<float> old = ElementKernels.Load(p), gradient = ElementKernels.Load(g);
        if (by.Penalty != 0) gradient = Vector.FusedMultiplyAdd(old, new Vector<float>(by.Penalty), gradient);
        var parameter = by.Kept == 1 ? old : old * new Vector<float>(by.Kept);
        var mean = Vector.FusedMultiplyAdd(gradient, new Vector<float>(by.Fresh1), ElementKernels.Load(m) * new Vector<float>(by.Beta1));
        var square = Vector.FusedMultiplyAdd(new Vector<float>(by.Fresh2) * gradient, gradient, ElementKernels.Load(s) * new Vector<float>(by.Beta2));
        var divisor = Vector.SquareRoot(square) / new Vector<float>(by.Correction) + new Vector<float>(by.Epsilon);
        ElementKernels.Store(m, mean);
        ElementKernels.Store(s, square);
        ElementKernels.Store(p, parameter + new Vector<float>(by.Size) * mean / divisor);
    }
}
