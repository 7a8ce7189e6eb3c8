using Interactive.Collectives.Mpi;
using Interactive.Collectives.Transports;

namespace Interactive.Collectives;

/// <summary>The ranks this process was started with.</summary>
public static class World
{
    const int TerminatedExitCode = 128 + 15;
    static readonly Lazy<ICommunicator> current = new(Start);
    static MpiTransport? mpi;
    static PeerWatch? watch;
    static int failed;

    /// <summary>
    /// All ranks: over MPI when started by mpirun or srun, else this process alone. Started on first use; closed when the
    /// process ends.
    /// </summary>
    /// <remarks>When launcher and library do not belong together, every process would be a world of its own: one line, exit code 2.</remarks>
    /// <exception cref="UsageException">No MPI library is installed.</exception>
    public static ICommunicator Current => current.Value;

    /// <summary>MPI library in use, such as "Open MPI v4.1.4", or null for a single process.</summary>
    public static string? Library => mpi?.Mpi.Abi.Version;

    /// <summary>
    /// Ends all ranks because of an error on this one, with one line that names the rank, and exit code 1 (2 after a
    /// <see cref="UsageException"/>). Unhandled exceptions come here by themselves; a host that catches everything calls it.
    /// Does nothing in a single process.
    /// </summary>
    public static void Fail(Exception exception)
    {
        var cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
        End(cause is UsageException ? 2 : 1, $"{cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ")}");
    }

    static void End(int exitCode, string why)
    {
        if (mpi is null || Interlocked.Exchange(ref failed, 1) != 0) return;
        watch?.Announce();
        Current.Abort(exitCode, why);
    }

    static ICommunicator Start()
    {
        if (MpiEnvironment.Read() is not { } launch) return new Communicator(InProcessTransport.Create(1)[0]);
        var library = MpiLibrary.Load(launch.Libraries);
        var transport = MpiTransport.Start(library);
        if (transport.Size != launch.Size)
        {
            // Every process sees the same; the first one speaks for all, and none of them may go on alone.
            if (launch.Rank == 0)
                LastWords.Write($"started by {launch.Launcher} with {launch.Size} ranks, but {library.Abi.Version} ({library.Path}) sees {transport.Size}: launcher and library must be of the same MPI");
            else
                Thread.Sleep(1000);
            Environment.Exit(2);
        }
        mpi = transport;
        AppDomain.CurrentDomain.UnhandledException += (_, e) => Fail((Exception)e.ExceptionObject);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Close();
        var world = new Communicator(transport);
        if (world.Size > 1) watch = new PeerWatch(world, Lost);
        return world;
    }

    static void Lost(byte[] line)
    {
        if (Interlocked.Exchange(ref failed, 1) != 0) return;
        LastWords.Write(line);
        watch!.Announce();
        mpi!.Abort(1);
    }

    static unsafe void Close()
    {
        if (Volatile.Read(ref failed) != 0) return;
        var exitCode = Environment.ExitCode;
        if (exitCode == TerminatedExitCode)
        {
            // By the launcher, which ends the others too, perhaps because one of them died: leave the watch time to say so.
            Thread.Sleep(200);
            return;
        }
        if (exitCode != 0)
        {
            End(exitCode, $"ended with exit code {exitCode}");
            return;
        }
        Current.Barrier();
        watch?.Dispose();
        mpi!.Mpi.Finalize();
    }
}
