using System.Runtime.InteropServices;
using Interactive.Collectives.Mpi;

namespace Interactive.Collectives.Transports;

/// <summary>
/// Messages over an MPI communicator of its own. Only non-blocking calls are made, each under a lock when the library
/// offers no more than MPI_THREAD_SERIALIZED, so several threads may each use their own transport. (Sums on a device
/// block: MPI libraries have no others for a GPU's memory. They need MPI_THREAD_MULTIPLE.)
/// </summary>
internal sealed unsafe class MpiTransport : IReachesDevices, ISharesMemory
{
    const int LongMessage = 128 * 1024; // 1 ms of a 1 Gbit/s line

    readonly object? gate;
    nint comm;

    MpiTransport(MpiLibrary mpi, nint parent, object? gate, DeviceSupport devices)
    {
        (Mpi, Devices, this.gate) = (mpi, devices, gate);
        nint duplicate = 0;
        mpi.Check(mpi.CommDup(parent, &duplicate), "MPI_Comm_dup");
        comm = duplicate;
        mpi.Check(mpi.CommSetErrorHandler(comm, mpi.Abi.ErrorsReturn), "MPI_Comm_set_errhandler");
        int rank, size;
        mpi.Check(mpi.CommRank(comm, &rank), "MPI_Comm_rank");
        mpi.Check(mpi.CommSize(comm, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
    }

    public MpiLibrary Mpi { get; }
    public DeviceSupport Devices { get; }
    public nint Communicator => comm;
    public int Rank { get; }
    public int Size { get; }
    public string Host { get; } = Environment.GetEnvironmentVariable("INTERACTIVE_HOST") ?? NodeName(Environment.GetEnvironmentVariable("SLURMD_NODENAME"));

    // Slurm may have several nodes on one machine: to MPI they are several hosts, whose ranks share no memory.
    static string NodeName(string? node)
        => string.IsNullOrEmpty(node) || node == Environment.MachineName || Environment.MachineName.StartsWith($"{node}.", StringComparison.Ordinal)
            ? Environment.MachineName : $"{Environment.MachineName}/{node}";

    /// <summary>Starts MPI in this process.</summary>
    public static MpiTransport Start(MpiLibrary mpi)
    {
        int already = 0, provided = mpi.Abi.ThreadMultiple;
        mpi.Check(mpi.Initialized(&already), "MPI_Initialized");
        if (already == 0) mpi.Check(mpi.InitThread(null, null, mpi.Abi.ThreadMultiple, &provided), "MPI_Init_thread");
        mpi.IgnoreFailureSignal();
        if (provided < mpi.Abi.ThreadSerialized)
            throw new CollectiveException($"{mpi.Abi.Version} offers no MPI_THREAD_SERIALIZED, which the communication thread needs");
        var isMultiple = provided >= mpi.Abi.ThreadMultiple;
        return new MpiTransport(mpi, mpi.Abi.CommWorld, isMultiple ? null : new object(), mpi.Devices(isMultiple));
    }

    public Transfer Send(void* data, int bytes, int peer, int tag)
    {
        var transfer = new Transfer { Pending = true, IsLong = bytes >= LongMessage };
        Enter();
        try { Mpi.Check(Mpi.Isend(data, bytes, Mpi.Abi.Byte, peer, tag, comm, &transfer.Request), "MPI_Isend"); }
        finally { Leave(); }
        return transfer;
    }

    public Transfer Receive(void* data, int bytes, int peer, int tag)
    {
        var transfer = new Transfer { Pending = true, IsLong = bytes >= LongMessage };
        Enter();
        try { Mpi.Check(Mpi.Irecv(data, bytes, Mpi.Abi.Byte, peer, tag, comm, &transfer.Request), "MPI_Irecv"); }
        finally { Leave(); }
        return transfer;
    }

    public void Wait(ref Transfer transfer)
    {
        if (!transfer.Pending) return;
        var request = transfer.Request;
        var waiter = transfer.IsLong ? YieldingWait.Asleep : new YieldingWait();
        while (true)
        {
            int done = 0;
            Enter();
            try { Mpi.Check(Mpi.Test(&request, &done, (void*)Mpi.Abi.StatusIgnore), "MPI_Test"); }
            finally { Leave(); }
            if (done != 0) break;
            waiter.Once();
        }
        transfer = default;
    }

    public bool Test(ref Transfer transfer)
    {
        if (!transfer.Pending) return true;
        var request = transfer.Request;
        int done = 0;
        Enter();
        try { Mpi.Check(Mpi.Test(&request, &done, (void*)Mpi.Abi.StatusIgnore), "MPI_Test"); }
        finally { Leave(); }
        if (done == 0) return false;
        transfer = default;
        return true;
    }

    public bool Reaches(string device) => Devices.Reaches(device);

    public void ReduceScatter(float* data, float* part, ReadOnlySpan<int> counts)
    {
        fixed (int* floats = counts)
            Mpi.Check(Mpi.ReduceScatter(data, part, floats, Mpi.Abi.Float, Mpi.Abi.Sum, comm), "MPI_Reduce_scatter");
    }

    public void AllGather(float* part, float* data, ReadOnlySpan<int> counts)
    {
        int* offsets = stackalloc int[Size];
        for (int rank = 1; rank < Size; rank++) offsets[rank] = offsets[rank - 1] + counts[rank - 1];
        fixed (int* floats = counts)
            Mpi.Check(Mpi.AllGatherV(part, counts[Rank], Mpi.Abi.Float, data, floats, offsets, Mpi.Abi.Float, comm),
                "MPI_Allgatherv");
    }

    public ITransport Duplicate() => new MpiTransport(Mpi, comm, gate, Devices);

    public SharedWindow Share(IReadOnlyList<int> group, long bytes, long all = 0)
    {
        const int Page = 4096;
        bytes = (bytes + Page - 1) / Page * Page;
        nint node = 0, window = 0;
        void* mine;
        Enter();
        try
        {
            Mpi.Check(Mpi.CommSplit(comm, group[0], Rank, &node), "MPI_Comm_split");
            Mpi.Check(Mpi.CommSetErrorHandler(node, Mpi.Abi.ErrorsReturn), "MPI_Comm_set_errhandler");
            SharedMemoryRoom.Require(all > 0 ? all : bytes * group.Count, isFirst: group[0] == Rank);
            Mpi.Check(Mpi.WinAllocateShared((nint)bytes, 1, Mpi.Abi.InfoNull, node, &mine, &window),
                "MPI_Win_allocate_shared");
        }
        finally { Leave(); }
        SharedMemoryRoom.Take(mine, bytes);
        var parts = new nint[group.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            nint size;
            int unit;
            void* part;
            Mpi.Check(Mpi.WinSharedQuery(window, i, &size, &unit, &part), "MPI_Win_shared_query");
            parts[i] = (nint)part;
        }
        var (ownWindow, ownComm) = (window, node);
        return new SharedWindow(parts, group.ToList().IndexOf(Rank), bytes, () =>
        {
            nint freedWindow = ownWindow, freedComm = ownComm;
            Mpi.WinFree(&freedWindow);
            Mpi.CommFree(&freedComm);
        });
    }

    public void Abort(int exitCode)
    {
        Thread.Sleep(300); // MPICH's proxy may kill before it forwards what has been written
        Mpi.Abort(Mpi.Abi.CommWorld, exitCode);
    }

    public void Dispose()
    {
        if (comm == 0) return;
        var freed = comm;
        comm = 0;
        Mpi.CommFree(&freed);
    }

    void Enter() { if (gate is not null) Monitor.Enter(gate); }
    void Leave() { if (gate is not null) Monitor.Exit(gate); }
}
