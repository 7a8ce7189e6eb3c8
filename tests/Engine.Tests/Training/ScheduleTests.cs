using System.Text.Json;
using Interactive.Training;

namespace Interactive.Engine.Tests.Training;

public class ScheduleTests
{
    private static readonly Dictionary<string,
        double[]> Golden = JsonSerializer.Deserialize<Dictionary<string, double[]>>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Training", "Golden", "schedules.json")))!;

    private static readonly Dictionary<string, LearningRate> Ours = new()
    {
        ["cosine"] = Schedules.Cosine(0.4),
        ["cosine least"] = Schedules.Cosine(0.4, least: 0.01),
        ["cosine warm-up"] = Schedules.Cosine(0.4, 0.25),
        ["restarts"] = Schedules.CosineWithRestarts(0.4, 6),
        ["restarts growing"] = Schedules.CosineWithRestarts(0.4, 3, 2, 0.01),
        ["polynomial"] = Schedules.Polynomial(0.4, 2),
        ["linear"] = Schedules.Create("linear", 0.4, 0),
        ["exponential"] = Schedules.Exponential(0.4, 0.9),
        ["step"] = Schedules.StepEvery(0.4, 6, 0.5),
        ["multistep"] = Schedules.MultiStep(0.4, [3, 4, 11], 0.3),
        ["half and three quarters"] = Schedules.Step(0.4),
        ["half and three quarters warm-up"] = Schedules.Create("step", 0.4, 0.6),
        ["onecycle"] = Schedules.OneCycle(0.4),
        ["onecycle settings"] = Schedules.OneCycle(0.4, 0.4, 10, 100),
    };

    public static IEnumerable<object[]> Names => Ours.Keys.Select(name => new object[] { name });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_schedule_has_the_numbers_of_PyTorch(string name)
    {
        var wanted = Golden[name];
        Assert.Equal(wanted, wanted.Select((_, step) => Ours[name](step, wanted.Length)),
            (a, b) => Math.Abs(a - b) <= 1e-12);
    }

    [Theory]
    [InlineData("plateau", "plateau losses")]
    [InlineData("plateau rising", "plateau rising metrics")]
    public void A_plateau_lowers_the_rate_when_PyTorch_does(string name, string metrics)
    {
        OnPlateau Make()
            => name == "plateau" ? new(0.4, 0.5, patience: 2, cooldown: 2, least: 0.06)
            : new(0.4, patience: 1, threshold: 0.01, higherIsBetter: true);
        var plateau = Make();
        var rates = new List<double>();
        foreach (var metric in Golden[metrics])
        {
            rates.Add(plateau.At(rates.Count, 1));
            plateau.Observe(metric);
            IRunState resumed = Make();
            resumed.Restore(((IRunState)plateau).Save()); // as after a resume
            plateau = (OnPlateau)resumed;
        }
        Assert.Equal(Golden[name], rates, (a, b) => Math.Abs(a - b) <= 1e-12);
    }

    [Fact]
    public void Warm_up_rises_in_equal_steps()
    {
        var rate = Schedules.Constant(1, warmUp: 0.1);
        Assert.Equal([1 / 11.0, 2 / 11.0, 10 / 11.0, 1],
            new[] { rate(0, 100), rate(1, 100), rate(9, 100), rate(10, 100) });
    }

    [Fact]
    public void Every_schedule_that_warms_up_reaches_the_peak()
        => Assert.All(Schedules.Names, name => Assert.All([0, 0.1, 0.5, 0.9], share =>
        {
            var rate = Schedules.Create(name, 0.3, share);
            Assert.Equal(0.3, Enumerable.Range(0, 20).Max(step => rate(step, 20)), 12);
            Assert.All(Enumerable.Range(0, 20), step => Assert.InRange(rate(step, 20), 0, 0.3));
        }));

    [Fact]
    public void A_run_of_one_step_has_a_rate()
        => Assert.All(Schedules.Names, name => Assert.InRange(Schedules.Create(name, 0.3, 0.5)(0, 1), 1e-9, 0.3));

    [Fact]
    public void An_unknown_schedule_names_the_known_ones()
        => Assert.Contains("choose constant, cosine, restarts",
        Assert.Throws<UsageException>(() => Schedules.Create("cubic", 1, 0)).Message);

    /// <summary>A share times the steps is a whole number of them, which its binary product may miss on either side.</summary>
    [Fact]
    public void Shares_of_a_run_are_whole_steps()
    {
        for (var percent = 1; percent < 100; percent++)
        {
            var (warm, fall, plateau) = (Schedules.Constant(1, percent / 100.0), Schedules.Step(1, 0, percent / 100.0), new OnPlateau(1, warmUp: percent / 100.0));
            int First(Func<int, bool> isIt) => Enumerable.Range(0, 100).First(isIt);
            Assert.Equal((percent, percent, percent), (First(i => warm(i, 100) == 1), First(i => fall(i, 100) < 1), First(i => plateau.At(i, 100) == 1)));
        }
    }
}
