using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A script draws the same numbers in every run, and each rank others.</summary>
[Trait("Speed", "slow")]
public sealed class FirstSeedTests
{
    private const string Script = """
        using static TorchSharp.torch;
        var rank = Interactive.Collectives.World.Current.Rank;
        var first = rand(1).item<float>();
        manual_seed(1 + rank);
        if (first != rand(1).item<float>()) return 3;
        """;

    [Fact]
    public async Task AScript_BeginsAtSeedOne()
    {
        using var folder = new TemporaryFolder();
        var (exit, output, error) = await InteractiveProcess.Run("run", folder.Write("draw.csx", Script));
        Assert.True(exit == 0, output + error);
    }

    [SkippableFact]
    public async Task Rank1_BeginsAtSeedTwo()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        using var folder = new TemporaryFolder();
        var (exit, output, error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "openmpi", folder.Write("draw.csx", Script));
        Assert.True(exit == 0, output + error);
    }
}
