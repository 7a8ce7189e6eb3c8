namespace Interactive.Collectives.Mpi;

/// <summary>What a launcher (mpirun, srun) tells a process through environment variables.</summary>
public sealed record ClusterEnvironment(string Launcher, int Rank, int Size, IReadOnlyList<string> Libraries)
{
    static readonly string[] openMpiFirst = ["libmpi.so.40", "libmpi_abi.so.0", "libmpich.so.12", "libmpi.so.12"];
    static readonly string[] mpichFirst = ["libmpich.so.12", "libmpi.so.12", "libmpi_abi.so.0", "libmpi.so.40"];

    /// <summary>The launcher's settings, or null when this process was started alone. INTERACTIVE_MPI names another library.</summary>
    public static ClusterEnvironment? Read()
    {
        var found =
            Read("mpirun of Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", openMpiFirst) ??
            Read("mpirun of MPICH", "PMI_RANK", "PMI_SIZE", mpichFirst) ??
            Read("srun", "PMIX_RANK", "SLURM_NTASKS", openMpiFirst);
        return found is not null && Environment.GetEnvironmentVariable("INTERACTIVE_MPI") is { Length: > 0 } library
            ? found with { Libraries = [library] }
            : found;
    }

    /// <summary>
    /// How many tasks srun has started beside this one without a word of MPI; null where it has not started this process. A
    /// batch script is a task too, but one that starts others.
    /// </summary>
    internal static int? LonelyTasks
    {
        get
        {
            string? Variable(string name) => Environment.GetEnvironmentVariable(name);
            var isBatchScript = Variable("ENVIRONMENT") == "BATCH" && Variable("SLURM_STEP_ID") is null;
            return !isBatchScript && Variable("SLURM_PROCID") is { Length: > 0 } && int.TryParse(Variable("SLURM_NTASKS"), out var tasks) ? tasks : null;
        }
    }

    static ClusterEnvironment? Read(string launcher, string rank, string size, string[] libraries) =>
        int.TryParse(Environment.GetEnvironmentVariable(rank), out var r) && int.TryParse(Environment.GetEnvironmentVariable(size), out var s)
            ? new ClusterEnvironment(launcher, r, s, libraries)
            : null;
}
