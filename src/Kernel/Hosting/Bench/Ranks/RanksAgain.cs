using System.Diagnostics;
using Interactive.Collectives.Mpi;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// Benchmarks of many ranks measure the ranks that mpirun has started, over several hosts, say, and else start their
/// own.
/// </summary>
internal static class RanksAgain
{
    /// <summary>Whether this process is one of an mpirun's ranks.</summary>
    public static bool IsOne => ClusterEnvironment.Read() is not null;

    /// <summary>This same command line on ranks of this host.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="patience">Seconds that a rank may wait for others, where a user has not said; null: as always.</param>
    /// <returns>The job's exit code.</returns>
    public static int Launch(int ranks, int? patience = null)
    {
        var start = MpiLauncher.Command(ranks,
            [DotnetProgram.Path, typeof(RanksAgain).Assembly.Location, .. Environment.GetCommandLineArgs().Skip(1)]);
        if (patience is { } seconds) start.Environment.TryAdd("INTERACTIVE_TIMEOUT", $"{seconds}");
        using var job = Process.Start(start)!;
        job.WaitForExit();
        return job.ExitCode;
    }
}
