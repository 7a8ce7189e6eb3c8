using System.Text.Json;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Budgets of nets of which something stands still: the bits of a run without one, before and after layers were frozen or
/// freed, and a plan for each step.
/// </summary>
public sealed class BudgetCrossingTests : IDisposable
{
    private static readonly Shape image = new(1, 8, 8);
    private readonly string folder = Directory.CreateTempSubdirectory("budgets").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static Graph Net()
    {
        var net = new GraphBuilder("net", image);
        var x = net.Input;
        for (var i = 0; i < 6; i++) x = x.Conv(8, 3, padding: 1, name: $"c{i}").BatchNorm().Relu();
        return Nets.Filled(net.Build(x.AdaptiveAvgPool(1).Flatten().Linear(16, name: "body").Relu().Linear(4, name: "head")));
    }

    private static Hook[] At(long step, Action<Graph> what) => [new At { Step = (trainer, record) => { if (record.Step == step) what(trainer.Graph); } }];

    // Its first factor is drawn.
    private static Graph Adapted()
    {
        manual_seed(1);
        return Net().WithLora(2, layers: ["body"]);
    }

    private static readonly Dictionary<string, (Func<Graph> Net, Func<Hook[]> Hooks, Func<TrainerOptions, TrainerOptions> Options)> cases = new()
    {
        ["averaged"] = (Net, () => [], o => o with { Ema = 0.9 }),
        ["adapted"] = (Adapted, () => [], o => o),
        ["adapted, averaged, clipped"] = (Adapted, () => [], o => o with { Ema = 0.9, ClipNorm = 0.1 }),
        ["freed from the head"] = (() => Net().TrainOnly("head.*"), () => At(3, net => net.Unfreeze("*")), o => o),
        ["freed and averaged"] = (() => Net().TrainOnly("body.*"), () => At(3, net => net.Unfreeze("c5.*", "head.*")), o => o with { Ema = 0.9 }),
        ["frozen from below"] = (Net, () => At(3, net => net.Freeze("c0.*", "c1.*", "c2.*")), o => o),
        ["frozen in the middle"] = (Net, () => At(3, net => net.Freeze("c3.*")), o => o with { Accumulate = 2 }),
        ["epoch by epoch"] = (Net, () => [new GradualUnfreezing("head.*", "c5.*", "*")], o => o),
        ["bf16, freed"] = (() => Net().TrainOnly("head.*", "c5.*"), () => At(3, net => net.Unfreeze("*")), o => o with { Precision = Precision.BFloat16 }),
    };

    public static TheoryData<string> Cases => [.. cases.Keys];

    private string Train(string name, string budget)
    {
        var of = cases[name];
        using var graph = of.Net();
        var data = new SyntheticData(64, image, 4, seed: 1);
        using var trainer = new Trainer(graph, data, data, of.Options(new TrainerOptions
        {
            Name = budget == "" ? "free" : "planned",
            Out = folder,
            Epochs = 3,
            BatchSize = 32,
            Optimizer = "adamw",
            LearningRate = 0.01,
            MemoryBudget = budget,
            Progress = false,
            Threads = 1,
        }), hooks: of.Hooks());
        trainer.Run();
        return trainer.Directory!.Path;
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_budget_changes_no_bit_before_and_after(string name)
    {
        // Where all stands still but the head nothing could be made again.
        var budget = name.Contains("freed") || name.Contains("adapted") ? "100%" : "85%";
        var (free, planned) = (Train(name, ""), Train(name, budget));
        Assert.Equal(File.ReadAllBytes(Path.Combine(free, "checkpoints", "step-000000006.safetensors")), File.ReadAllBytes(Path.Combine(planned, "checkpoints", "step-000000006.safetensors")));
        Assert.All(File.ReadLines(Path.Combine(planned, "metrics.jsonl")).Where(line => line.Contains("\"train\"")), line =>
        {
            using var step = JsonDocument.Parse(line);
            Assert.True(step.RootElement.GetProperty("plannedBytes").GetInt64() > 0, line); // before the change and after it
        });
    }
}
