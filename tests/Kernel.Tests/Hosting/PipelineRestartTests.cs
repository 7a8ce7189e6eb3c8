using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>A job of stages that loses a rank is started again and ends with the bits of one that lost none.</summary>
[Trait("Speed", "slow")]
public sealed class PipelineRestartTests
{
    private const string Job = """
        using Interactive.Collectives;
        using Interactive.Data;
        using Interactive.Execution;
        using Interactive.Graphs;
        using Interactive.Training;
        using TorchSharp;
        var shape = new Shape(1, 8, 8);
        var options = CommandLine.Parse([.. Args.Skip(1)], new TrainerOptions
        {
            Name = "job", Epochs = 1, BatchSize = 16, LearningRate = 0.05, CheckpointEvery = 2, Progress = false, Threads = 1,
        });
        torch.manual_seed(5);
        var net = new GraphBuilder("net", shape);
        var graph = net.Build(net.Input.Flatten().Linear(24).Relu().Linear(16).Relu().Linear(4));
        var asked = 0;
        var loss = Objective.From((output, target) =>
        {
            // the third micro-batch of a step
            if (Args[0] == "kill" && !options.Resume && torch.is_grad_enabled() && ++asked == 23) Process.GetCurrentProcess().Kill();
            return torch.nn.functional.cross_entropy(output, target);
        });
        var trainer = new Trainer(graph, new SyntheticData(192, shape, 4, seed: 1), new SyntheticData(32, shape, 4, seed: 2), options, loss);
        trainer.Run();
        """;

    [SkippableFact]
    public async Task Job_GoesOnBitForBit()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        using var folder = new TemporaryFolder();
        var script = folder.Write("job.csx", Job);

        async Task<(byte[] Model, string Error)> Run(string what)
        {
            var runs = Path.Combine(folder.Path, what);
            var (exit, output, error) = await InteractiveProcess.Run("launch", "-n", "2", "--mpi", "openmpi",
                "--restarts", "2", script, "--", what, "--out", runs, "--layout", "pipe=2,micro=4");
            Assert.True(exit == 0, error + output);
            var run = Assert.Single(Directory.GetDirectories(runs)); // resumed, not begun anew
            return (File.ReadAllBytes(Path.Combine(run, "checkpoints", "best.safetensors")), error);
        }
        var (whole, quiet) = await Run("whole");
        var (model, told) = await Run("kill");
        Assert.DoesNotContain("restart 1", quiet);
        Assert.Contains("restart 1 of 2 from the last checkpoint", told);
        Assert.Matches(@"is in receive the gradient of \S+ of micro-batch \d from stage 1, rank 1 ", told);
        Assert.Equal(whole, model);
    }
}
