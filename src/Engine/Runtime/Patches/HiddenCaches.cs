using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Interactive.Runtime;

/// <summary>
/// Keeps oneDNN, libtorch's convolution library, from dividing by zero on AMD virtual machines whose hypervisor hides
/// the caches: it then takes every cache for one byte, and the backward of some strided 1x1 convolutions ends the
/// process with SIGFPE. Its record of the processor is told that it knows no cache levels, and it falls back to its own
/// defaults.
/// </summary>
internal static unsafe class HiddenCaches
{
    // dnnl::impl::cpu::x64::cpu() of libtorch 2.10 (oneDNN 3.7.1); not exported, so it is looked up in the symbol
    // table.
    private const string Processor = "_ZN4dnnl4impl3cpu3x643cpuEv", Exported = "torch_call_dispatcher";
    // In Xbyak::util::Cpu: bytes per level, number of levels.
    private const int Sizes = 28, Levels = 108, AmdLevels = 3;

    /// <summary>True when the processor's record had to be mended and was.</summary>
    public static bool AreMended { get; private set; }

    /// <summary>True when an AMD processor tells of no caches.</summary>
    public static bool AreHidden()
    {
        if (!X86Base.IsSupported) return false;
        var (_, ebx, ecx, edx) = X86Base.CpuId(0, 0);
        var isAmd = (ebx, edx, ecx) == (0x68747541, 0x69746E65, 0x444D4163); // "AuthenticAMD"
        return isAmd && (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax >= 0x8000001D
            && X86Base.CpuId(unchecked((int)0x8000001D), 0).Eax == 0;
    }

    /// <summary>Mends the record where that is needed; does nothing where libtorch is not as expected.</summary>
    /// <param name="library">Path of libtorch_cpu.so, which has been loaded.</param>
    public static void Mend(string library)
    {
        if (!AreHidden() || !NativeLibrary.TryGetExport(NativeLibrary.Load(library), Exported, out var export)
            || dladdr(export, out var info) == 0) return;
        if (ElfSymbols.Find(library, Processor) is not { } processor) return;
        var record = (byte*)((delegate* unmanaged<nint>)(info.Base + processor))();
        var sizes = (int*)(record + Sizes);
        var levels = (int*)(record + Levels);
        if (*levels != AmdLevels || sizes[0] != 1 || sizes[1] != 1) return;
        *levels = 0;
        AreMended = true;
    }

    private struct Found { public nint File, Base, Name, Address; }
    [DllImport("libc")] private static extern int dladdr(nint address, out Found found);
}
