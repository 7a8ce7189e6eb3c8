using System.Runtime.Intrinsics.X86;

namespace Interactive.Runtime;

/// <summary>What libtorch's matrix products (MKL's) make of this processor.</summary>
internal static class MatrixLibrary
{
    // "GenuineIntel", as the processor names its maker.
    private const int Genu = 0x756E6547, IneI = 0x49656E69, Ntel = 0x6C65746E;

    /// <summary>
    /// True where they use half of the vector unit: MKL takes 512-bit instructions on its own maker's processors only.
    /// oneDNN, which computes libtorch's convolutions, asks the processor alone.
    /// </summary>
    public static bool UsesHalfTheVectors { get; } = Avx512F.IsSupported
        && X86Base.CpuId(0, 0) is not (_, Genu, Ntel, IneI);
}
