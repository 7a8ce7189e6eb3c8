using Interactive.Collectives;
using MPI;

namespace Interactive.MpiNet;

/// <summary>
/// Messages over MPI.NET, behind the same seam as the engine's own binding. It has no shared memory and sums nothing on
/// a GPU, so the algorithms that need those are not offered; all others run over it unchanged.
/// </summary>
public sealed unsafe class MpiNetTransport : ITransport
{
    private const int LongMessage = 128 * 1024;
    private static MPI.Environment? environment;

    private int communicator;

    private MpiNetTransport(int parent)
    {
        Check(MPI.Unsafe.MPI_Comm_dup(parent, out communicator), "MPI_Comm_dup");
        Check(MPI.Unsafe.MPI_Comm_rank(communicator, out var rank), "MPI_Comm_rank");
        Check(MPI.Unsafe.MPI_Comm_size(communicator, out var size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
    }

    /// <summary>
    /// Starts MPI.NET in this process, which a launcher of MPICH has started; it ends with the process.
    /// </summary>
    /// <exception cref="UsageException">MPICH is not installed, or another MPI has started this process.</exception>
    public static MpiNetTransport Start()
    {
        MpiNetPrograms.Prepare();
        _ = MpiNetPrograms.Library; // its errors as they are, not as those of a type that could not be made
        if (environment is null && !MPI.Environment.Initialized)
        {
            string[] arguments = [];
            environment = new MPI.Environment(ref arguments, Threading.Multiple);
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
            {
                if (System.Environment.ExitCode == 0) environment.Dispose();
            };
        }
        if (MPI.Environment.Threading != Threading.Multiple)
            throw new CollectiveException($"MPI.NET was started with Threading.{MPI.Environment.Threading}: the engine's threads need Threading.Multiple");
        return new MpiNetTransport(MPI.Unsafe.MPI_COMM_WORLD);
    }

    /// <inheritdoc/>
    public int Rank { get; }
    /// <inheritdoc/>
    public int Size { get; }
    /// <inheritdoc/>
    public string Host { get; } = System.Environment.GetEnvironmentVariable("INTERACTIVE_HOST")
        ?? System.Environment.MachineName;

    /// <inheritdoc/>
    public Transfer Send(void* data, int bytes, int peer, int tag)
    {
        Check(MPI.Unsafe.MPI_Isend((nint)data, bytes, MPI.Unsafe.MPI_BYTE, peer, tag, communicator, out var request),
            "MPI_Isend");
        return new Transfer { Pending = true, IsLong = bytes >= LongMessage, Request = request };
    }

    /// <inheritdoc/>
    public Transfer Receive(void* data, int bytes, int peer, int tag)
    {
        Check(MPI.Unsafe.MPI_Irecv((nint)data, bytes, MPI.Unsafe.MPI_BYTE, peer, tag, communicator, out var request),
            "MPI_Irecv");
        return new Transfer { Pending = true, IsLong = bytes >= LongMessage, Request = request };
    }

    /// <inheritdoc/>
    public void Wait(ref Transfer transfer)
    {
        var waiter = transfer.IsLong ? YieldingWait.Asleep : new YieldingWait();
        while (!Test(ref transfer)) waiter.Once();
    }

    /// <summary>Whether the transfer is complete; returns at once.</summary>
    public bool Test(ref Transfer transfer)
    {
        if (!transfer.Pending) return true;
        var request = (int)transfer.Request;
        Check(MPI.Unsafe.MPI_Test(ref request, out var done, out _), "MPI_Test");
        if (done != 0) transfer = default;
        return done != 0;
    }

    /// <inheritdoc/>
    public ITransport Duplicate() => new MpiNetTransport(communicator);

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        Thread.Sleep(300); // MPICH's proxy may kill before it forwards what has been written
        MPI.Unsafe.MPI_Abort(MPI.Unsafe.MPI_COMM_WORLD, exitCode);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (communicator == 0) return;
        MPI.Unsafe.MPI_Comm_free(ref communicator);
        communicator = 0;
    }

    private static void Check(int code, string function) => MpiNetPrograms.Library.Check(code, function);
}
