using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// Exact live and peak bytes of a GPU's tensors, from the statistics of libtorch's caching allocator: the bytes asked
/// for, without the rounding up and without what the allocator keeps in reserve.
/// </summary>
internal sealed unsafe class CudaMeter : IMemoryMeter
{
    private const string Allocator = "_ZN3c104cuda20CUDACachingAllocator9allocatorE";
    private const string OfCaching = "_ZN3c104cuda20CUDACachingAllocator6Native22NativeCachingAllocator";
    // Slots of c10::DeviceAllocator's virtual table, as in libtorch 2.10 and 2.11.
    private const int GetStatistics = 9, ResetPeakStatistics = 11;
    // DeviceStats is returned by value: nine arrays of three statistics (of all, small and large blocks), each current,
    // peak, allocated and freed, and some counters. The ninth is the sum of bytes requested.
    private const int Size = 4096, Requested = 8 * 3 * 4, Peak = Requested + 1;

    private readonly nint allocator;
    private readonly sbyte device;

    /// <summary>The meter of GPU <paramref name="device"/>.</summary>
    /// <exception cref="UsageException">Another allocator is in use, or another libtorch than this knows.</exception>
    public CudaMeter(int device)
    {
        this.device = (sbyte)device;
        // the allocator knows a device from its first tensor on
        using var first = empty(1, device: torch.device(DeviceType.CUDA, device));
        if (!TorchLoader.TryGetExport(Allocator, out var variable) || (allocator = *(nint*)variable) == 0
            || !IsAsKnown() || !Counts())
            throw new UsageException($"the bytes of cuda:{device} cannot be counted: libtorch's own caching allocator of version 2.10 or 2.11 is needed");
    }

    public string Kind => "exact";
    public bool IsExact => true;
    public long LiveBytes => Read(Requested);
    public long PeakBytes => Read(Peak);
    public void ResetPeak() => ((delegate* unmanaged<nint, sbyte, void>)Slot(ResetPeakStatistics))(allocator, device);

    private nint Slot(int index) => (*(nint**)allocator)[index];

    private long Read(int index)
    {
        var statistics = stackalloc long[Size / sizeof(long)];
        ((delegate* unmanaged<long*, nint, sbyte, long*>)Slot(GetStatistics))(statistics, allocator, device);
        return statistics[index];
    }

    // Calling a wrong slot would end the process, so the functions in them are looked up by name.
    private bool IsAsKnown()
    {
        var library = Path.Combine(TorchLoader.LibtorchFolder!, "libc10_cuda.so");
        return IsAt(Slot(GetStatistics), library, OfCaching + "14getDeviceStatsEa")
            && IsAt(Slot(ResetPeakStatistics), library, OfCaching + "14resetPeakStatsEa");
    }

    private static bool IsAt(nint address, string library, string symbol)
        => dladdr(address, out var found) != 0 && ElfSymbols.Find(library, symbol) is { } offset
        && found.Base + offset == address;

    // The layout of the statistics is tried on a tensor of odd size.
    private bool Counts()
    {
        const long Bytes = 123_457;
        var before = LiveBytes;
        ResetPeak();
        using (empty(Bytes, ScalarType.Byte, torch.device(DeviceType.CUDA, device)))
            if (LiveBytes - before != Bytes) return false;
        return LiveBytes == before && PeakBytes - before == Bytes;
    }

    private struct Found { public nint File, Base, Name, Address; }
    [DllImport("libc")] private static extern int dladdr(nint address, out Found found);
}
