using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// Runs managed loops on the threads of libtorch's own OpenMP pool. Threads of .NET's would compete with them: an
/// OpenMP thread spins for a while after its work. Without the pool's entry points a loop runs on the calling thread.
/// </summary>
internal static unsafe class OpenMp
{
    /// <summary>Work on the part [from, to) of a range.</summary>
    public delegate void Part(long from, long to);

    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Parallel
        = (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)Export("GOMP_parallel");
    private static readonly delegate* unmanaged<int> ThreadNumber =
        (delegate* unmanaged<int>)Export("omp_get_thread_num");
    private static readonly delegate* unmanaged<int> ThreadCount =
        (delegate* unmanaged<int>)Export("omp_get_num_threads");

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;

    /// <summary>True when libtorch's pool can be used.</summary>
    public static bool IsAvailable => Parallel != null && ThreadNumber != null && ThreadCount != null;

    private sealed record Work(Part Part, long Count, long Grain)
    {
        public ExceptionDispatchInfo? Failure { get; set; }
    }

    /// <summary>
    /// Calls <paramref name="part"/> for disjoint parts of [0, count), each a multiple of <paramref name="grain"/> but
    /// the last.
    /// </summary>
    public static void For(long count, long grain, Part part)
    {
        var threads = IsAvailable && count > grain ? get_num_threads() : 1;
        if (threads == 1)
        {
            part(0, count);
            return;
        }
        var work = new Work(part, count, grain);
        Parallel(&Enter, (nint)Unsafe.AsPointer(ref work), (uint)threads, 0); // returns when all parts are done
        work.Failure?.Throw();
    }

    [UnmanagedCallersOnly]
    private static void Enter(nint address)
    {
        var work = Unsafe.AsRef<Work>((void*)address);
        var (thread, threads) = (ThreadNumber(), ThreadCount());
        var grains = (work.Count + work.Grain - 1) / work.Grain;
        var from = grains * thread / threads * work.Grain;
        var to = Math.Min(work.Count, grains * (thread + 1) / threads * work.Grain);
        try
        {
            if (from < to) work.Part(from, to);
        }
        // managed code must not throw across native frames
        catch (Exception e) { work.Failure = ExceptionDispatchInfo.Capture(e); }
    }
}
