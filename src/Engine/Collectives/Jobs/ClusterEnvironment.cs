using System.Collections.Immutable;

namespace Interactive.Collectives.Mpi;

/// <summary>What a launcher (mpirun, srun) tells a process through environment variables.</summary>
public sealed record ClusterEnvironment(string Launcher, int Rank, int Size, IReadOnlyList<string> Libraries)
{
    static readonly string[] openMpiFirst = ["libmpi.so.40", "libmpi_abi.so.0", "libmpich.so.12", "libmpi.so.12"];
    static readonly string[] mpichFirst = ["libmpich.so.12", "libmpi.so.12", "libmpi_abi.so.0", "libmpi.so.40"];

    // Asked in this order.
    static ImmutableArray<(string Launcher, string Rank, string Size, IReadOnlyList<string> Libraries)> known =
    [
        ("mpirun of Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", openMpiFirst),
        ("mpirun of MPICH", "PMI_RANK", "PMI_SIZE", mpichFirst),
        ("srun", "PMIX_RANK", "SLURM_NTASKS", openMpiFirst),
    ];

    /// <summary>
    /// The launcher's settings, or null when this process was started alone. INTERACTIVE_MPI names another library.
    /// </summary>
    public static ClusterEnvironment? Read()
    {
        var found = known.Select(one => Read(one.Launcher, one.Rank, one.Size, one.Libraries))
            .FirstOrDefault(one => one is not null);
        return found is not null && Environment.GetEnvironmentVariable("INTERACTIVE_MPI") is { Length: > 0 } library
            ? found with { Libraries = [library] }
            : found;
    }

    /// <summary>
    /// Makes another launcher known, before <see cref="World"/> is used; those known before are asked first.
    /// </summary>
    /// <param name="launcher">Its name, for messages.</param>
    /// <param name="rank">The environment variable that tells a process its rank, from 0.</param>
    /// <param name="size">The one that tells the number of ranks.</param>
    /// <param name="libraries">MPI libraries that fit it, the first one found is loaded; by default those of Open MPI
    /// and then of MPICH.</param>
    public static void Add(string launcher, string rank, string size, params IReadOnlyList<string> libraries)
        => ImmutableInterlocked.Update(ref known,
        list => list.Add((launcher, rank, size, libraries.Count > 0 ? libraries : openMpiFirst)));

    /// <summary>
    /// How many tasks srun has started beside this one without a word of MPI; null where it has not started this
    /// process. A batch script is a task too, but one that starts others.
    /// </summary>
    internal static int? LonelyTasks
    {
        get
        {
            string? Variable(string name) => Environment.GetEnvironmentVariable(name);
            var isBatchScript = Variable("ENVIRONMENT") == "BATCH" && Variable("SLURM_STEP_ID") is null;
            return !isBatchScript && Variable("SLURM_PROCID") is { Length: > 0 }
                && int.TryParse(Variable("SLURM_NTASKS"), out var tasks) ? tasks : null;
        }
    }

    static ClusterEnvironment? Read(string launcher, string rank, string size, IReadOnlyList<string> libraries) =>
        int.TryParse(Environment.GetEnvironmentVariable(rank), out var r)
            && int.TryParse(Environment.GetEnvironmentVariable(size), out var s)
            ? new ClusterEnvironment(launcher, r, s, libraries)
            : null;
}
