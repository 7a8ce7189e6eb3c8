using System.Globalization;
using System.Text.RegularExpressions;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Runs in memory cgroups that hold only what a budget needs: nothing may be killed.</summary>
[Trait("Speed", "slow")]
public sealed class MemoryLimitTests
{
    // Evaluates after each epoch, saves, and is resumed; few images, for these are slow on a small machine.
    private const string Training = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Models; using Interactive.Training; using TorchSharp;
        var options = CommandLine.Parse(Args.Skip(1), new TrainerOptions());
        var graph = Args[0] switch
        {
            "gpt" => Zoo.Create("gpt", new ModelOptions { Context = 64, Vocabulary = 256, Width = 128, Layers = 4, Heads = 4 }),
            var name => Zoo.Create(name, new ModelOptions { Image = new Shape(3, 32, 32), Classes = 10 }),
        };
        var trainer = new Trainer(graph, Data(8), Data(8), options);
        trainer.Run();
        trainer.Dispose();

        TensorDataset Data(int count)
        {
            var input = graph.Input.Type == torch.ScalarType.Int64 ? torch.randint(0, 256, graph.Input.Shape.WithBatch(count), dtype: torch.ScalarType.Int64) : torch.randn(graph.Input.Shape.WithBatch(count));
            var target = graph.Output.Shape.Rank == 2 ? torch.randint(0, 256, [count, graph.Output.Shape[0]], dtype: torch.ScalarType.Int64) : torch.randint(0, 10, [count, .. graph.Output.Shape.ToArray()[1..]], dtype: torch.ScalarType.Int64);
            return new TensorDataset(input, target);
        }
        """;

    /// <summary>Cold caches, training, evaluation, checkpoints, an end after two steps, and the rest after --resume.</summary>
    [SkippableTheory]
    [InlineData("resnet50")]
    [InlineData("unet")]
    [InlineData("gpt")]
    public void Training_ends_well_inside_its_memory_and_too_little_is_refused(string model)
    {
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", Training);
        string[] command = ["run", script, model, "--epochs", "2", "--batch-size", "4", "--out", Path.Combine(folder.Path, "runs"), "--checkpoint-every", "1"];

        // The refusal tells the least there is; the second one without the compiler, whose bytes would count to the runtime's.
        var least = 0; // MiB
        using (var wide = new MemoryCgroup(2L << 30))
            for (var i = 0; i < 2; i++)
            {
                var (refusedExit, _, line) = wide.Run(folder.Path, [.. command, "--memory", "100MiB"]);
                Assert.Equal((2, 0), (refusedExit, wide.Killed));
                Assert.Single(line.TrimEnd().Split('\n'));
                least = (int)double.Parse(Regex.Match(line, @"at least ([\d.]+) MiB").Groups[1].Value, CultureInfo.InvariantCulture);
            }
        using var tight = new MemoryCgroup((least + least / 10L) << 20);
        string[] within = [.. command, "--memory", "auto"];
        var (exit, output, error) = tight.Run(folder.Path, [.. within, "--max-steps", "2"]);
        Assert.True((exit, tight.Killed) == (0, 0), $"{exit}, {tight.Killed} killed\n{output}{error}");
        (exit, output, error) = tight.Run(folder.Path, [.. within, "--resume"]);
        Assert.True((exit, tight.Killed) == (0, 0), $"{exit}, {tight.Killed} killed\n{output}{error}");
        Assert.Contains("resuming", output);

        var (tooLittle, _, said) = tight.Run(folder.Path, [.. command, "--memory", $"{least * 8 / 10}MiB"]);
        Assert.Equal((2, 0), (tooLittle, tight.Killed));
        Assert.Single(said.TrimEnd().Split('\n'));
    }

    /// <summary>61 GB of activations: the plan is made from shapes, for measuring cannot fit.</summary>
    [SkippableFact]
    public void A_plan_for_a_net_that_does_not_fit_is_answered()
    {
        using var group = new MemoryCgroup(2L << 30);
        using var folder = new TemporaryFolder();
        var (exit, output, error) = group.Run(folder.Path, "plan", "--model", "resnet1207", "--batch", "32", "--image", "3x224x224", "--budget", "20%", "--json", "--planner", "cheap-drop");
        Assert.Equal(0, group.Killed);
        Assert.True(exit is 0 or 2, error);
        Assert.Contains("from shapes alone", error);
    }
}
