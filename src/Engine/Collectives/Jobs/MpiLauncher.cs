using Interactive.Runtime;
using System.Diagnostics;

namespace Interactive.Collectives.Mpi;

/// <summary>
/// Builds the command that starts a program on n ranks of this machine (or of the hosts the cluster gives).
/// </summary>
public static class MpiLauncher
{
    // MPICH's launcher kills all ranks, clean-up or not, once it sees a rank's management socket closed. A shell that
    // holds the socket too outlives a killed rank for as long as the survivors need to name it.
    const string outlive = "\"$@\"; code=$?; [ $code -le 128 ] || sleep 2; exit $code";
    static readonly (string Program,
        MpiFlavor Flavor)[] known = [("mpirun.openmpi", MpiFlavor.OpenMpi), ("mpirun.mpich", MpiFlavor.Mpich)];

    /// <summary>The mpirun programs on the PATH, Open MPI's first.</summary>
    public static IReadOnlyList<(string Path, MpiFlavor Flavor)> Installed() =>
        [.. from entry in known let path = ProgramPath.Find(entry.Program) where path is not null select (path, entry.Flavor)];

    /// <summary>
    /// A start description for <paramref name="command"/> (program, then its arguments) on <paramref name="ranks"/>
    /// ranks. Ranks may outnumber the cores; each gets its share of the cores as OMP_NUM_THREADS unless that is set.
    /// </summary>
    /// <param name="flavor">Which MPI; default the first installed.</param>
    /// <exception cref="UsageException">Fewer than one rank, or no (such) mpirun on the PATH.</exception>
    public static ProcessStartInfo Command(int ranks, IReadOnlyList<string> command, MpiFlavor? flavor = null)
    {
        if (ranks < 1) throw new UsageException($"{ranks} ranks: at least 1 is needed");
        var found = Installed().Where(entry => flavor is null || entry.Flavor == flavor).ToList();
        if (found.Count == 0)
            throw new UsageException(flavor == MpiFlavor.Mpich ? "mpirun.mpich is not installed: apt-get install mpich"
                : "mpirun is not installed: apt-get install openmpi-bin");

        var (path, chosen) = found[0];
        var start = new ProcessStartInfo(path) { UseShellExecute = false };
        start.Environment.TryAdd("OMP_NUM_THREADS", Math.Max(1, Environment.ProcessorCount / ranks).ToString());
        if (chosen == MpiFlavor.OpenMpi)
        {
            start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1";
            start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
            // Under mpirun's pseudo terminal .NET would otherwise write control sequences.
            start.Environment["TERM"] = "dumb";
            // Bound to one core, all OpenMP threads of a rank would share it.
            foreach (var argument in new[] { "--oversubscribe", "--bind-to", "none", "--quiet" })
                start.ArgumentList.Add(argument);
        }
        else
        {
            // MPICH's own clean-up kills the survivors before they can tell which rank was lost; they end the job
            // themselves.
            start.ArgumentList.Add("-disable-auto-cleanup");
        }
        foreach (var argument in new[] { "-n", ranks.ToString() }) start.ArgumentList.Add(argument);
        if (chosen == MpiFlavor.Mpich)
            foreach (var argument in new[] { "/bin/sh", "-c", outlive, "rank" }) start.ArgumentList.Add(argument);
        foreach (var argument in command) start.ArgumentList.Add(argument);
        return start;
    }
}
