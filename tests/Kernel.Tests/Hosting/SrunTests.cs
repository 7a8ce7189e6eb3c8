using System.Diagnostics;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>srun without an MPI plug-in starts tasks that know nothing of each other.</summary>
public sealed class SrunTests
{
    [Theory]
    [InlineData(2, "SLURM_NTASKS=2", "SLURM_PROCID=1")]
    [InlineData(2, "SLURM_NTASKS=2", "SLURM_PROCID=0")]
    [InlineData(2, "SLURM_NTASKS=2", "SLURM_PROCID=0", "ENVIRONMENT=BATCH", "SLURM_STEP_ID=0")]
    // the batch script itself, which starts others
    [InlineData(0, "SLURM_NTASKS=2", "SLURM_PROCID=0", "ENVIRONMENT=BATCH")]
    [InlineData(0, "SLURM_NTASKS=1", "SLURM_PROCID=0")]
    [InlineData(0, "SLURM_NTASKS=4")] // a shell of salloc
    public async Task AWorldOfOneRankAmongMany_IsRefusedInOneLine(int exit, params string[] variables)
    {
        var start = new ProcessStartInfo("dotnet",
            [typeof(ScriptSession).Assembly.Location, "eval",
            "_ = Interactive.Collectives.World.Current;"])
        { RedirectStandardError = true };
        foreach (var variable in variables) start.Environment[variable.Split('=')[0]] = variable.Split('=')[1];
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(exit, process.ExitCode);
        if (exit == 0) Assert.Equal("", error);
        else Assert.Matches("^interactive: srun has started 2 tasks, but tells them nothing of each other: [^\n]*\n$",
            error);
    }
}
