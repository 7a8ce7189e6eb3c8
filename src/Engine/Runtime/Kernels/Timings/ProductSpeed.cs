using static TorchSharp.torch;

namespace Interactive.Runtime.Kernels;

/// <summary>
/// What this processor gains by bfloat16 in matrix products. That it has units for them says little: those of Intel
/// without AMX multiply at half of fp32's speed, AMD's at twice that.
/// </summary>
internal static class ProductSpeed
{
    private const long Side = 512; // its products take a millisecond or two

    private static readonly Lazy<double> Measured = new(Measure);

    /// <summary>How many times as fast as in fp32 a product in bf16 is; measured once in a process.</summary>
    public static double OfBFloat16 => Measured.Value;

    private static double Measure()
    {
        using var scope = NewDisposeScope();
        using var silent = no_grad();
        var wide = ones(Side, Side);
        var narrow = wide.bfloat16();
        var (slow, fast) = KernelTiming.Medians(() => wide.mm(wide).Dispose(), () => narrow.mm(narrow).Dispose(),
            managed: false);
        return slow / fast;
    }
}
