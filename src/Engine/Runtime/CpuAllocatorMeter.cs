using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Exact live and peak bytes of libtorch's CPU tensors: it puts an allocator of our own in libtorch's place. Every
/// block carries its size in a 64-byte header, so counts do not depend on malloc. Counted are the bytes asked for, as
/// in <c>numel x element size</c>. An <see cref="AllocationWatch"/> may see and serve what is asked for; its tag is in
/// the header. Where memory runs out libtorch's own allocator is asked, whose exception every caller of libtorch knows.
/// </summary>
internal sealed unsafe class CpuAllocatorMeter : IMemoryMeter
{
    private const int Header = 64;
    private static readonly TensorHeap? Heap = TensorHeap.TryReserve();
    private static long live, peak;
    private static bool throwsForUs;

    /// <summary>Bytes of memory that are held for the next tensors.</summary>
    public static long IdleBytes => Heap?.IdleBytes ?? 0;

    public string Kind => "exact";
    public bool IsExact => true;
    public long LiveBytes => Interlocked.Read(ref live);
    public long PeakBytes => Interlocked.Read(ref peak);
    public void ResetPeak() => Interlocked.Exchange(ref peak, LiveBytes);

    /// <summary>Installs the allocator; null when this libtorch lacks the C++ entry points it needs.</summary>
    public static CpuAllocatorMeter? TryInstall()
    {
        if (!TorchLoader.TryGetExport("_ZN3c1015SetCPUAllocatorEPNS_9AllocatorEh", out var set)
            || !TorchLoader.TryGetExport("_ZN2at15getCPUAllocatorEv", out var get)) return null;

        // c10::Allocator's virtual table: two destructors, allocate, is_simple_data_ptr, raw_deleter, copy_data.
        var original = *(nint**)((delegate* unmanaged<nint>)get)();
        var table = (nint*)NativeMemory.AllocZeroed(10, (nuint)sizeof(nint));
        // from two slots before, where C++ keeps type information
        for (var i = 0; i < 10; i++) table[i] = original[i - 2];
        var own = (nint)(delegate* unmanaged<DataPtr*, nint, nuint, DataPtr*>)&Allocate;
        table[2 + 2] = AllocatorThunk.Make(own, original[2], ((delegate* unmanaged<nint>)get)()) is var thunk
            && thunk != 0 ? thunk : own;
        throwsForUs = thunk != 0;
        table[2 + 4] = (nint)(delegate* unmanaged<nint, nint>)&Deleter;
        var instance = (nint*)NativeMemory.AllocZeroed(8, (nuint)sizeof(nint));
        instance[0] = (nint)(table + 2);
        ((delegate* unmanaged<nint, byte, void>)set)((nint)instance, 100);
        return new CpuAllocatorMeter();
    }

    private struct DataPtr { public nint Data, Deleter, Context; public long Device; }

    [UnmanagedCallersOnly]
    private static DataPtr* Allocate(DataPtr* result, nint self, nuint bytes)
    {
        nint data = 0;
        if (bytes > 0)
        {
            SignalStack.Enlarge();
            var block = AllocationWatch.Take(bytes, out var tag);
            if (block == null) block = Block(Rounded(bytes));
            if (block == null)
            {
                AllocationFailure.Note((long)bytes);
                return null;
            }
            ((nuint*)block)[0] = bytes;
            ((long*)block)[1] = tag;
            data = (nint)(block + Header);
            var now = Interlocked.Add(ref live, (long)bytes);
            for (var seen = Volatile.Read(ref peak); now > seen;)
            {
                var before = Interlocked.CompareExchange(ref peak, now, seen);
                if (before == seen) break;
                seen = before;
            }
        }
        // CPU, no index
        *result =
            new DataPtr
            {
                Data = data, Deleter = (nint)(delegate* unmanaged<nint,
            void>)&Free, Context = data, Device = 0xFF00
            };
        return result;
    }

    // With the header, in whole multiples of the alignment.
    private static nuint Rounded(nuint bytes) => (bytes + 2 * Header - 1) / Header * Header;

    // Null where memory ran out: managed code must not throw across native frames, so the thunk calls what does.
    private static byte* Block(nuint bytes)
    {
        byte* block = null;
        if (Heap is null || bytes < TensorHeap.Least) block = (byte*)aligned_alloc(Header, bytes);
        else if (bytes <= long.MaxValue) block = Heap.Take((long)bytes);
        if (block == null && !throwsForUs)
            Environment.FailFast($"out of memory: libtorch asked for {bytes:N0} bytes with {live:N0} in use");
        return block;
    }

    [UnmanagedCallersOnly]
    private static void Free(nint data)
    {
        if (data == 0) return;
        var block = (byte*)data - Header;
        Interlocked.Add(ref live, -(long)*(nuint*)block);
        if (((long*)block)[1] is var tag && tag != 0 && AllocationWatch.Return(tag)) return;
        if (Heap is not null && Heap.Owns(block)) Heap.Give(block, (long)Rounded(*(nuint*)block));
        else free(block);
    }

    [UnmanagedCallersOnly]
    private static nint Deleter(nint self) => (nint)(delegate* unmanaged<nint, void>)&Free;

    [DllImport("libc")] private static extern void* aligned_alloc(nuint alignment, nuint bytes);
    [DllImport("libc")] private static extern void free(void* block);
}
