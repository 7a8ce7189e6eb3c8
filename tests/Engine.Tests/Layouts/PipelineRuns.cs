using Interactive.Collectives.Mpi;
using Interactive.Engine.Tests.Collectives;

namespace Interactive.Engine.Tests.Layouts;

/// <summary>Runs of pipelines over real MPI processes, in a folder of their own.</summary>
public abstract class PipelineRuns : IDisposable
{
    protected static readonly (string, string)[] OneThread = [("OMP_NUM_THREADS", "1"), ("OMP_WAIT_POLICY", "passive")];
    private protected readonly string folder = Directory.CreateTempSubdirectory("pipelines").FullName;

    public void Dispose()
    {
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private protected string[] Bits(string net, int ranks, string arguments, MpiFlavor flavor = MpiFlavor.OpenMpi)
    {
        using var job = MpiJob.Start(flavor, ranks,
            $"pipe {net} {folder} --name {Guid.NewGuid():N} --max-steps 20 --no-progress --clip-norm 0.9 {arguments}",
            OneThread);
        Assert.True(job.Wait(240) == 0, job.Output);
        string[] lines =
            [.. job.Lines.Select(line => line.Trim())
            .Where(line => line.StartsWith("step ") || line.StartsWith("evaluation "))];
        Assert.Equal(21, lines.Length);
        // some ops split
        if (arguments.Contains("order=zb"))
            Assert.Contains(job.Lines,
            line => line.Trim().StartsWith("rank 0 defers ") && !line.TrimEnd().EndsWith(" 0"));
        var hashes =
            job.Lines.Select(line => line.Trim().Split(' ')).Where(words => words is ["rank", _, "hash", _])
            .Select(words => words[3]).ToArray();
        Assert.Equal(ranks, hashes.Length);
        return [.. lines, hashes.Distinct().Single()];
    }

    private protected void TwoRanksHaveTheBitsOfOne(string net)
    {
        var one = Bits(net, 1, "--layout pipe=1,micro=4");
        Assert.Equal(one, Bits(net, 2, "--layout pipe=2,order=1f1b,micro=4"));
        Assert.Equal(one, Bits(net, 2, "--layout pipe=2,order=gpipe,micro=4", MpiFlavor.Mpich));
        if (net is "mlp" or "resnet" or "skips")
            Assert.Equal(Bits(net, 1, "--accumulate 4 --clip-norm 0")[..^1],
            Bits(net, 2, "--layout pipe=2,micro=4 --clip-norm 0")[..^1]);
    }
}
