using Interactive.Data;
using Interactive.Graphs;
using Interactive.Kernel.Scripting;
using Interactive.Monitoring;
using Interactive.Runtime;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>What a process holds at one moment.</summary>
/// <param name="Done">Steps or cells so far.</param>
/// <param name="TensorBytes">Of libtorch's live tensors.</param>
/// <param name="ManagedBytes">Of objects that can be reached.</param>
/// <param name="ResidentBytes">Of memory.</param>
internal sealed record Holding(long Done, long TensorBytes, long ManagedBytes, long ResidentBytes)
{
    public static Holding Now(long done)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return new(done, MemoryMeter.Current.LiveBytes, GC.GetTotalMemory(forceFullCollection: true), MachineMemory.ResidentBytes);
    }
}

/// <summary>Very many steps, or cells, in one process, with what it holds after every tenth of them.</summary>
internal static class Endurance
{
    private const int Moments = 10;

    /// <summary>Steps of a small net with a convolution, batch norm and Adam, logged and kept as every run is.</summary>
    /// <param name="tell">Gets what is held at each moment, at that moment.</param>
    public static IReadOnlyList<Holding> Steps(int count, Action<Holding> tell)
    {
        var folder = Directory.CreateTempSubdirectory("interactive-endurance-");
        try
        {
            var net = new GraphBuilder("endurance", new Shape(3, 16, 16));
            using var graph = net.Build(net.Input.Conv(16, 3, padding: 1).BatchNorm().Relu().Conv(16, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(10));
            var (train, test) = (new SyntheticData(16_000, new Shape(3, 16, 16), 10, seed: 1), new SyntheticData(64, new Shape(3, 16, 16), 10, seed: 2));
            var watch = new Watch(Math.Max(1, count / Moments), tell);
            using var trainer = new Trainer(graph, train, test, new TrainerOptions
            {
                Name = "endurance", Out = folder.FullName, Epochs = int.MaxValue >> 8, MaxSteps = count, BatchSize = 16, Optimizer = "adam", LearningRate = 1e-3, Schedule = "constant", CheckpointEvery = 1000, Progress = false, Device = "cpu",
            }, hooks: [watch]);
            trainer.Run();
            return watch.Held;
        }
        finally { folder.Delete(recursive: true); }
    }

    /// <summary>Cells of one session: each uses what is there, defines nothing and has no loop.</summary>
    public static Task<IReadOnlyList<Holding>> UsingCells(int count, Action<Holding> tell)
        => Cells(count, i => $"total += Twice({i}); total", tell);

    /// <summary>Cells of one session: each defines a function, a lambda and a megabyte anew.</summary>
    public static Task<IReadOnlyList<Holding>> DefiningCells(int count, Action<Holding> tell)
        => Cells(count, Defining, tell);

    /// <summary>One such cell again and again.</summary>
    public static Task<IReadOnlyList<Holding>> RepeatedCells(int count, Action<Holding> tell)
        => Cells(count, _ => Defining(1000), tell);

    private static string Defining(int i)
        => $"var block = new byte[1 << 20]; int Twice(int x) => 2 * x; var sum = Enumerable.Range(0, {i}).Select(x => Twice(x) + block.Length).Sum(x => (long)x); sum";

    private static async Task<IReadOnlyList<Holding>> Cells(int count, Func<int, string> code, Action<Holding> tell)
    {
        using var session = new ScriptSession();
        await Run("long total = 0; int Twice(int x) => 2 * x;", "cell-0").ConfigureAwait(false);
        var held = new List<Holding>();
        for (var i = 1; i <= count; i++)
        {
            await Run(code(i), $"cell-{i}").ConfigureAwait(false);
            if (i % Math.Max(1, count / Moments) != 0) continue;
            held.Add(Holding.Now(i));
            tell(held[^1]);
        }
        return held;

        async Task Run(string text, string name)
        {
            if ((await session.RunAsync(text, name).ConfigureAwait(false)).Error is { } error) throw error;
        }
    }

    private sealed class Watch(int every, Action<Holding> tell) : Hook
    {
        public List<Holding> Held { get; } = [];

        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (record.Step % every != 0) return;
            Held.Add(Holding.Now(record.Step));
            tell(Held[^1]);
        }
    }
}
