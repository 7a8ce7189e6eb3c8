using System.Globalization;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Kernel.Tests.House;

/// <summary>
/// Bytes of objects that what runs very often allocates: those of <c>allocations.txt</c>. Who changes them changes the
/// number there.
/// </summary>
[Collection(ProcessWide.Name)]
public sealed class AllocationTests
{
    private const int WarmUp = 40, Measured = 41;

    [Fact]
    public void ATrainingStep_AllocatesWhatIsWrittenDown()
    {
        using var folder = new TemporaryFolder();
        var net = new GraphBuilder("net", new Shape(3, 8, 8));
        using var graph =
            net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(10));
        var data = new SyntheticData(1024, new Shape(3, 8, 8), 10, seed: 1);
        var steps = new Steps();
        using var trainer = new Trainer(graph, data, new SyntheticData(8, new Shape(3, 8, 8), 10, seed: 2),
            new TrainerOptions
            {
                Out = folder.Path, BatchSize = 8, Epochs = 1, MaxSteps = WarmUp
                + Measured, CheckpointEvery = 0, Progress = false, Device = "cpu",
            }, hooks: [steps]);
        trainer.Run();
        Require("training step", steps.Bytes[WarmUp..]);
    }

    [Fact]
    public async Task AWarmCell_AllocatesWhatIsWrittenDown()
    {
        using var session = new ScriptSession();
        var bytes = new List<long>();
        for (var i = 0; i < WarmUp + Measured; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var result = await session.RunAsync($"var x = Enumerable.Range(0, 10).Sum(); x + {i}", "cell-1"); // one that ran before is not compiled again
            bytes.Add(GC.GetTotalAllocatedBytes(precise: true) - before);
            Assert.Equal(45 + i, result.Value);
        }
        Require("warm cell", bytes[WarmUp..]);
    }

    private static void Require(string what, List<long> bytes)
    {
        const double Tolerance = 0.1; // of the runtime's own
        var median = bytes.Order().ElementAt(bytes.Count / 2);
        var written =
            File.ReadLines(Path.Combine(ProjectFolder.Root, "tests", "Kernel.Tests", "House", "allocations.txt"))
            .Where(line => line.StartsWith(what + ' ', StringComparison.Ordinal))
            .Select(line => long.Parse(line[(what.Length + 1)..], CultureInfo.InvariantCulture)).Single();
        Assert.True(Math.Abs(median - written) <= Tolerance * written,
            $"a {what} allocates {median} bytes, allocations.txt says {written}");
    }

    private sealed class Steps : Hook
    {
        private long last = GC.GetAllocatedBytesForCurrentThread();

        public List<long> Bytes { get; } = [];

        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            var now = GC.GetAllocatedBytesForCurrentThread();
            Bytes.Add(now - last);
            last = now;
        }
    }
}
