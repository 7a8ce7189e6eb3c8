using System.Runtime.Intrinsics.X86;

namespace Interactive.Runtime;

/// <summary>What this machine's processor is and can.</summary>
internal static class Processor
{
    private const int Avx512BFloat16 = 1 << 5, AmxBFloat16 = 1 << 22; // of CPUID leaf 7: subleaf 1, EAX; subleaf 0, EDX

    /// <summary>The name that it gives itself; empty where the system does not tell.</summary>
    public static string Name { get; } = Read();

    /// <summary>
    /// Whether it multiplies bfloat16 numbers in units of their own (avx512_bf16 or amx_bf16): elsewhere they are
    /// slower than fp32.
    /// </summary>
    public static bool HasBFloat16 { get; }
        = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7
            && ((X86Base.CpuId(7, 0).Edx & AmxBFloat16) != 0
            || X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & Avx512BFloat16) != 0);

    private static string Read()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(line
            => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }
}
