using Interactive.Collectives.Mpi;
using Interactive.Collectives.Transports;

namespace Interactive.Collectives;

/// <summary>The ranks this process was started with.</summary>
public static class World
{
    static readonly Lazy<ICommunicator> current = new(Start);
    static MpiTransport? mpi;
    static int failed;

    /// <summary>
    /// All ranks: over MPI when started by mpirun or srun, else this process alone. Started on first use; closed when the
    /// process ends.
    /// </summary>
    /// <exception cref="UsageException">The launcher's MPI library is not installed, or launcher and library do not belong together.</exception>
    public static ICommunicator Current => current.Value;

    /// <summary>MPI library in use, such as "Open MPI v4.1.4", or null for a single process.</summary>
    public static string? Library => current.IsValueCreated ? mpi?.Mpi.Abi.Version : null;

    /// <summary>Ends all ranks because of an error on this one, with one line that names the rank. Unhandled exceptions come here by themselves.</summary>
    public static void Fail(Exception exception)
    {
        if (mpi is null || Interlocked.Exchange(ref failed, 1) != 0) return;
        Current.Abort(exception is UsageException ? 2 : 1, $"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
    }

    static ICommunicator Start()
    {
        if (MpiEnvironment.Read() is not { } launch) return new Communicator(InProcessTransport.Create(1)[0]);
        var library = MpiLibrary.Load(launch.Libraries);
        var transport = MpiTransport.Start(library);
        if (transport.Size != launch.Size)
        {
            // Every process sees the same; the first one speaks for all.
            if (launch.Rank != 0) { Thread.Sleep(1000); Environment.Exit(2); }
            throw new UsageException($"started by {launch.Launcher} with {launch.Size} ranks, but {library.Abi.Version} ({library.Path}) sees {transport.Size}: launcher and library must be of the same MPI");
        }
        mpi = transport;
        AppDomain.CurrentDomain.UnhandledException += (_, e) => Fail((Exception)e.ExceptionObject);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Close();
        return new Communicator(transport);
    }

    static unsafe void Close()
    {
        if (Volatile.Read(ref failed) != 0) return;
        if (Environment.ExitCode != 0) mpi!.Abort(Environment.ExitCode);
        else mpi!.Mpi.Finalize();
    }
}
