using System.Numerics;
using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>Lays matrices side by side.</summary>
internal static unsafe class PackKernel
{
    private const long Grain = 64; // rows

    /// <summary>Writes 0 + <paramref name="part"/>, which has no negative zeros, to a column block.</summary>
    /// <param name="part">Rows, one behind the other.</param>
    /// <param name="packed">Rows of all blocks.</param>
    /// <param name="index">Which block this is.</param>
    /// <param name="blocks">Of how many, all equally wide.</param>
    public static void Write(Tensor part, Tensor packed, int index, int blocks)
    {
        var row = packed.size(-1);
        var width = row / blocks;
        float* from = ElementKernels.Data(part), to = ElementKernels.Data(packed) + index * width;
        OpenMp.For(packed.numel() / row, Grain, (first, end) =>
        {
            for (var r = first; r < end; r++) WriteRow(from + r * width, to + r * row, width);
        });
    }

    private static void WriteRow(float* from, float* to, long width)
    {
        long i = 0;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
            ElementKernels.Store(to + i, ElementKernels.Load(from + i) + Vector<float>.Zero);
        for (; i < width; i++) to[i] = from[i] + 0f;
    }
}
