using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Small nets, data and hooks for tests of the trainer. Nothing is drawn from the generator, which in-process ranks
/// share.
/// </summary>
static class Nets
{
    public static Graph Mlp(long inputs = 6, long outputs = 4, long hidden = 8)
    {
        var net = new GraphBuilder("mlp", new Shape(inputs));
        return Filled(net.Build(net.Input.Linear(hidden).Relu().Linear(outputs)));
    }

    /// <summary>The same with a batch norm.</summary>
    public static Graph Normed()
    {
        var net = new GraphBuilder("normed", new Shape(1, 8, 8));
        return Filled(net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().Flatten().Linear(4)));
    }

    public static Graph Filled(Graph graph)
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in graph.named_parameters())
        {
            using var values =
                tensor(Enumerable.Range(0, (int)parameter.numel()).Select(i => 0.3f * MathF.Sin(i + name.Length))
                .ToArray(), parameter.shape);
            parameter.copy_(values);
        }
        return graph;
    }

    public static readonly IDataSource Data = new SyntheticData(64, new Shape(6), 4, seed: 1);

    /// <summary>Rows to their sums with weights 1, 2, 3, …</summary>
    public static TensorDataset Regression(int count = 64)
    {
        var rows =
            Enumerable.Range(0, count).Select(i => Enumerable.Range(0, 4).Select(k => MathF.Sin(i * 4 + k)).ToArray())
            .ToArray();
        return new TensorDataset(tensor(rows.SelectMany(r => r).ToArray(), [count, 4]),
            tensor(rows.Select(r => r.Select((v, k) => v * (k + 1)).Sum()).ToArray(), [count, 1]));
    }

    public static string Bits(Graph graph)
        => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData([.. graph.state_dict()
        .SelectMany(e => e.Value.bytes.ToArray())]));
}

/// <summary>A hook of functions.</summary>
sealed class At : Hook
{
    public Action<Trainer, int>? Epoch { get; init; }
    public Action<Trainer, TrainRecord>? Step { get; init; }
    public Action<Trainer, EvalRecord>? Evaluation { get; init; }
    public List<TrainRecord> Steps { get; } = [];

    public override void BeforeEpoch(Trainer trainer, int epoch) => Epoch?.Invoke(trainer, epoch);
    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        Steps.Add(record);
        Step?.Invoke(trainer, record);
    }
    public override void AfterEvaluation(Trainer trainer, EvalRecord record) => Evaluation?.Invoke(trainer, record);
}
