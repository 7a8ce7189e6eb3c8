using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.MpiNet;

/// <summary>Programs for MPI.NET run unchanged, as scripts and in cells.</summary>
[Trait("Speed", "slow")]
public sealed class MpiNetTests
{
    private const string Hello = "#r \"nuget: MPI.NET, 1.4.0\"\nusing (new MPI.Environment(ref arguments)) Console.WriteLine($\"hello {MPI.Communicator.world.Rank} of {MPI.Communicator.world.Size}\");";

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_script_runs_on_ranks(int ranks)
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.mpich"), "apt-get install mpich");
        var (exit, output,
            error) = await InteractiveProcess.Run("launch", "-n", $"{ranks}",
            Path.Combine(ProjectFolder.Root, "notebooks", "mpi-net.csx"));
        Assert.True(exit == 0, error + output);
        var names = string.Join(", ", Enumerable.Range(0, ranks).Select(r => $"rank {r}"));
        Assert.Contains($"sum {ranks * (ranks + 1) / 2} of {ranks} ranks, {ranks * (ranks + 1) / 2}, {names}, least of rank {ranks - 1}, the word came round", output);
    }

    [SkippableFact]
    public async Task A_cell_runs_on_ranks()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.mpich"), "apt-get install mpich");
        using var folder = new TemporaryFolder();
        var notebook = folder.Write("cells.dib",
            $"#!csharp\n\n#!mpirun -n 2\nvar arguments = new string[0];\n{Hello}\n");
        var (exit, output, error) = await InteractiveProcess.Run("run", notebook);
        Assert.True(exit == 0, error + output);
        Assert.Contains("hello 0 of 2", output);
        Assert.Contains("hello 1 of 2", output);
    }

    [SkippableFact]
    public async Task Under_Open_MPI_it_is_one_line()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        var (exit, output,
            error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "openmpi",
            Path.Combine(ProjectFolder.Root, "notebooks", "mpi-net.csx"));
        Assert.NotEqual(0, exit);
        Assert.Contains("MPI.NET runs over MPICH, and mpirun of Open MPI has started this process: use interactive launch --mpi mpich", output + error);
    }

    [Theory]
    [InlineData("#r \"nuget: MPI.NET, 1.4.0\"\nreturn 1;", true)]
    [InlineData("// first\n  #r \"nuget:mpi.net\"", true)]
    [InlineData("// #r \"nuget: MPI.NET, 1.4.0\"", false)]
    [InlineData("#r \"nuget: MPI.NETWORK, 1.0\"", false)]
    public void A_program_for_it_is_told_by_its_reference(string code, bool isOne)
        => Assert.Equal(isOne, MpiNetUse.FlavorFor(code) is not null);
}
