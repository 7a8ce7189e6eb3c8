using System.Diagnostics;
using Interactive.Collectives.Mpi;
using Interactive.Collectives.Transports;
using Interactive.Runtime;

namespace Interactive.Collectives;

/// <summary>The ranks this process was started with.</summary>
public static class World
{
    static readonly TimeSpan LeastToStart = TimeSpan.FromSeconds(10);
    const int TerminatedExitCode = 128 + 15, StalledExitCode = 75, DefaultTimeoutSeconds = 60;
    static readonly Lazy<ICommunicator> current = new(Start);
    static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LastPatience = TimeSpan.FromMilliseconds(100); // launchers are quick to end the others
    static MpiTransport? mpi;
    static PeerWatch? watch;
    static readonly FlightRecorder recorder = new();
    static int failed, agreed;

    /// <summary>
    /// All ranks: over MPI when started by mpirun or srun, else this process alone. Started on first use; closed when
    /// the process ends. An operation that takes longer than INTERACTIVE_TIMEOUT seconds (default 60) ends the job with
    /// exit code 75 and a line that names the missing rank; INTERACTIVE_ALLREDUCE names an algorithm for all sums.
    /// </summary>
    /// <remarks>When launcher and library do not belong together, every process would be a world of its own: one line,
    /// exit code 2.</remarks>
    /// <exception cref="UsageException">No MPI library is installed.</exception>
    public static ICommunicator Current => current.Value;

    /// <summary>MPI library in use, such as "Open MPI v4.1.4", or null for a single process.</summary>
    public static string? Library => mpi?.Mpi.Abi.Version;

    /// <summary>Where gradients on a GPU are summed, and why, or null for a single process.</summary>
    public static string? GpuSums => mpi?.Devices.ToString();

    /// <summary>
    /// Ends all ranks because of an error on this one, with one line that names the rank, and exit code 1 (2 after a
    /// <see cref="UsageException"/>, 74 where a disk is full). Unhandled exceptions come here by themselves; a host that catches everything
    /// calls it. Does nothing in a single process.
    /// </summary>
    public static void Fail(Exception exception)
    {
        var cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
        var message = Message(cause).ReplaceLineEndings(" ");
        if (FullDisk.IsIn(cause)) End(FullDisk.ExitCode, message);
        else if (cause is not UsageException) End(1, $"{cause.GetType().Name}: {message}");
        else
        {
            // Mostly all ranks find the same mistake: rank 0 tells it, and has ended the job before the others speak.
            if (IsJob && mpi!.Rank > 0) Thread.Sleep(Courtesy);
            End(2, message);
        }
    }

    // An exception of the user's own may have none.
    private static string Message(Exception exception)
    {
        try { return exception.Message ?? ""; }
        catch (Exception e) { return $"(its Message threw {e.GetType().Name})"; }
    }

    /// <summary>True on one of several ranks, which <see cref="Fail"/> ends together with a line that names this one.</summary>
    internal static bool IsJob => mpi is { Size: > 1 };

    static void End(int exitCode, string why)
    {
        if (mpi is null || Interlocked.Exchange(ref failed, 1) != 0) return;
        watch?.Announce();
        Current.Abort(exitCode, why);
    }

    /// <summary>All ranks have agreed to end with this exit code: each closes as after success.</summary>
    internal static void EndTogether(int exitCode) => Volatile.Write(ref agreed, exitCode);

    /// <summary>What this rank has done with the others lately.</summary>
    public static FlightRecorder Recorder => recorder;

    static ICommunicator Start()
    {
        var options = new AllReduceOptions
        {
            Algorithm = Environment.GetEnvironmentVariable("INTERACTIVE_ALLREDUCE") is { Length: > 0 } name
                ? AllReduceAlgorithm.Parse(name) : null,
        }.Validate();
        if (ClusterEnvironment.Read() is not { } launch)
        {
            if (ClusterEnvironment.LonelyTasks is > 1 and var tasks)
                throw new UsageException($"srun has started {tasks} tasks, but tells them nothing of each other: each would train alone. Use srun --mpi=pmix, or mpirun (to run one task alone: env -u SLURM_NTASKS)");
            return new Communicator(InProcessTransport.Create(1)[0]);
        }
        var timeout = Timeout();
        // A short patience is for operations: a process may take seconds to start.
        var toStart = timeout < LeastToStart ? LeastToStart : timeout;
        using var patience = new Timer(_ => Hung(launch.Rank, toStart), null, toStart, System.Threading.Timeout.InfiniteTimeSpan);
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
        var world = new Communicator(transport, options, recorder);
        if (world.Size > 1)
            _ = new Watchdog(recorder, dog => watch = new PeerWatch(world, Lost, dog.Stalled, () => recorder.State),
                world.Rank, timeout, why => End(StalledExitCode, why));
        return world;
    }

    static TimeSpan Timeout() => TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("INTERACTIVE_TIMEOUT") switch
    {
        null or "" => DefaultTimeoutSeconds,
        var text when double.TryParse(text, out var seconds) && seconds is > 0 and < 1e6 => seconds,
        var text => throw new UsageException($"INTERACTIVE_TIMEOUT={text}: a number of seconds above 0 is needed"),
    });

    static void Hung(int rank, TimeSpan timeout)
    {
        LastWords.Write($"rank {rank}: the ranks have not found each other within {timeout.TotalSeconds:0} s");
        Process.GetCurrentProcess().Kill(); // a thread inside MPI_Init holds up every orderly exit
    }

    static void Lost(int rank, byte[] line)
    {
        if (Interlocked.Exchange(ref failed, 1) != 0) return;
        LastWords.Write(line);
        // Who waits for it, and for what: in a pipeline a value with its micro-batch and stage.
        var own = ($"rank {mpi!.Rank}", (string?)recorder.State);
        var states = mpi.Rank == 0 ? watch!.Ask(LastPatience).Skip(1).Prepend(own) : [own];
        LastWords.Write(FlightRecorder.WaitingFor(rank, states).FirstOrDefault() ?? $"{own.Item1} {own.Item2}");
        watch!.Announce();
        mpi.Abort(1);
    }

    static unsafe void Close()
    {
        if (Volatile.Read(ref failed) != 0) return;
        var exitCode = Environment.ExitCode;
        var isAgreed = exitCode == Volatile.Read(ref agreed);
        if (exitCode == TerminatedExitCode && !isAgreed)
        {
            // By the launcher, which ends the others too, perhaps because one of them died: leave the watch time to say
            // so.
            Thread.Sleep(200);
            return;
        }
        if (exitCode != 0 && !isAgreed)
        {
            End(exitCode, $"ended with exit code {exitCode}");
            return;
        }
        if (recorder.Pending is { } pending) // another thread has asked the process to exit
        {
            End(1, $"was ended from within, in the middle of {pending}");
            return;
        }
        try { ((Communicator)Current).Leave(); }
        catch (CollectiveException e)
        {
            End(1, e.Message);
            return;
        }
        watch?.Dispose();
        mpi!.Mpi.Finalize();
    }
}
