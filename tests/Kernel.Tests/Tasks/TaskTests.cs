using System.Text.Json;
using Interactive.Data;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Tasks;

/// <summary>The scripts of notebooks/ that do one task each, run for a few steps as a user runs them.</summary>
[Trait("Speed", "slow")]
public sealed class TaskTests
{
    private const string Icons = "/usr/share/icons/Adwaita/48x48";

    /// <summary>
    /// Script, samples a step, memory budget, what its last line says, and how far the loss may be off on two ranks.
    /// </summary>
    public static TheoryData<string, int, string, string, double> Tasks => new()
    {
        { "first", 32, "75%", "accuracy", 1e-5 },
        { "language-model", 8, "50%", "perplexity", 1e-5 },
        { "segmentation", 8, "50%", "mean IoU", 0.2 }, // batch norms see half a batch
        { "regression", 32, "50%", "penguins", 1e-5 },
        { "autoencoder", 32, "50%", "error", 1e-5 },
        { "two-inputs", 32, "50%", "questions answered right", 0.2 },
        { "gan", 32, "50%", "generator", 0.2 }, // the ranks' noise is their own, too
    };

    [SkippableTheory]
    [MemberData(nameof(Tasks))]
    public async Task A_task_has_the_same_bits_under_a_budget_and_the_same_loss_on_two_ranks(string name, int batch,
        string memory, string says, double tolerance)
    {
        Skip.IfNot(name is not ("autoencoder" or "two-inputs" or "gan") || Directory.Exists(FashionMnist.DefaultFolder),
            "apt-get install dataset-fashion-mnist");
        Skip.IfNot(name != "segmentation" || Directory.Exists(Icons), "apt-get install adwaita-icon-theme");
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        using var runs = new TemporaryFolder();
        var script = Path.Combine(ProjectFolder.Root, "notebooks", $"{name}.csx");
        Assert.InRange(File.ReadAllLines(script).Length, 10, 60);

        var plain = await Run(runs.Path, "plain", ["run", script, "--"], batch, says);
        var budget = await Run(runs.Path, "budget", ["run", script, "--", "--memory-budget", memory], batch, says);
        Assert.Equal(plain, budget);
        var ranks = await Run(runs.Path, "ranks",
            ["launch", "-n", "2", "--mpi", "openmpi", script, "--", "--memory-budget", memory], batch, says);
        Assert.All(plain.Zip(ranks),
            pair => Assert.InRange(pair.Second, pair.First * (1 - tolerance), pair.First * (1 + tolerance)));
    }

    /// <summary>The losses of three steps and, where the script evaluates, of the evaluation after them.</summary>
    private static async Task<double[]> Run(string runs, string run, string[] command, int batch, string says)
    {
        var (exit, output,
            error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null,
            [.. command, "--max-steps", "3", "--batch-size", $"{batch}", "--threads", "1", "--out",
            Path.Combine(runs, run)]);
        Assert.True(exit == 0, output + error);
        Assert.Contains(says, output);
        var lines = File.ReadAllLines(Path.Combine(Directory.GetDirectories(Path.Combine(runs, run)).Single(),
            "metrics.jsonl"));
        double[] losses =
            [.. lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
        Assert.InRange(losses.Length, 3, 4);
        return losses;
    }
}
