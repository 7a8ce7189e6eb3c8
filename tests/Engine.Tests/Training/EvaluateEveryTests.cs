using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

/// <summary>Evaluations apart: which epochs end with one, and that nothing else of a run depends on them.</summary>
public sealed class EvaluateEveryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("every").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed class Evaluations : Hook
    {
        public List<(int Epoch, double Loss)> Seen { get; } = [];
        public override void AfterEvaluation(Trainer trainer, EvalRecord record) => Seen.Add((record.Epoch, record.Loss));
    }

    [Theory]
    [InlineData(5, 1, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(5, 2, new[] { 1, 3, 4 })]
    [InlineData(4, 2, new[] { 1, 3 })]
    [InlineData(3, 100, new[] { 2 })]
    public void Every_so_many_epochs_and_the_last_are_evaluated(int epochs, int every, int[] expected)
    {
        var (seen, bits) = Train("run", epochs, every);
        var (all, allBits) = Train("all", epochs, 1);
        Assert.Equal(expected, seen.Select(e => e.Epoch));
        Assert.Equal(all.Where(e => expected.Contains(e.Epoch)), seen);
        Assert.Equal(allBits, bits);
    }

    [Theory]
    [InlineData(4)] // where an epoch ends that is not evaluated
    [InlineData(6)] // within one
    public void A_run_gone_on_with_evaluates_where_the_uncut_one_does(int steps)
    {
        var (uncut, bits) = Train("uncut", 5, 2);
        Train("cut", 5, 2, options => options with { MaxSteps = steps });
        var (rest, restBits) = Train("cut", 5, 2, options => options with { Resume = true });
        Assert.Equal(uncut, rest);
        Assert.Equal(bits, restBits);
    }

    [Fact]
    public void None_at_all_is_refused()
        => Assert.Equal("--evaluate-every must be at least 1, got 0",
            Assert.Throws<UsageException>(() => new TrainerOptions { EvaluateEvery = 0 }.Validate()).Message);

    private (List<(int Epoch, double Loss)> Seen, string Bits) Train(string name, int epochs, int every,
        Func<TrainerOptions, TrainerOptions>? otherwise = null)
    {
        using var graph = Nets.Mlp();
        var evaluations = new Evaluations();
        var options = new TrainerOptions
        {
            Name = name, Out = folder, Epochs = epochs, EvaluateEvery = every, BatchSize = 16, LearningRate = 0.05, Schedule = "constant", Progress = false, Threads = 1,
        };
        using var trainer = new Trainer(graph, Nets.Data, Nets.Data, otherwise?.Invoke(options) ?? options, hooks: [evaluations]);
        try { trainer.Run(); }
        catch (TrainingStoppedException) { }
        return (evaluations.Seen, Nets.Bits(graph));
    }
}
