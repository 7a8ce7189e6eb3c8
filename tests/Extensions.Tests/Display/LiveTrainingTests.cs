using Interactive.Data;
using Interactive.Extensions.Display;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Extensions.Tests.Display;

[Collection("display host")]
public sealed class LiveTrainingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("live").FullName;

    public void Dispose()
    {
        DisplayHost.Current = new ConsoleDisplayHost();
        Directory.Delete(folder, recursive: true);
    }

    private sealed class Recorder : IDisplayHost
    {
        public readonly List<(string Id, MimeBundle Bundle)> Shown = [];
        public string Display(MimeBundle bundle, string? id = null)
        {
            Shown.Add((id ?? "the id", bundle));
            return "the id";
        }
        public Action Updating = () => { };
        public void Update(string id, MimeBundle bundle)
        {
            Updating();
            Shown.Add((id, bundle));
        }
        public void Clear(bool wait) { }
    }

    // Every look at the clock finds it 20 ms later.
    private sealed class Clock : TimeProvider
    {
        private long now;
        public override long TimestampFrequency => 50;
        public override long GetTimestamp() => now++;
        public void Pass(int seconds) => now += seconds * TimestampFrequency;
    }

    private Trainer Trainer(params Hook[] hooks)
    {
        var net = new GraphBuilder("tiny", new Shape(1, 4, 4));
        return new Trainer(net.Build(net.Input.Flatten().Linear(2)), new SyntheticData(160, new Shape(1, 4, 4), 2),
            new SyntheticData(16, new Shape(1, 4, 4), 2),
            new TrainerOptions { Epochs = 10, BatchSize = 8, Out = folder }, hooks: hooks);
    }

    [Fact]
    public void A_run_updates_one_display_and_ends_with_a_figure_to_hover()
    {
        var host = new Recorder();
        using var trainer = Trainer(new LiveTrainingHook(host, new Clock()));
        trainer.Run();
        Assert.Equal("tiny: 200 steps", host.Shown[0].Bundle.Text);
        Assert.All(host.Shown, s => Assert.Equal("the id", s.Id));
        var live = host.Shown.Skip(1).SkipLast(1).ToList();
        Assert.InRange(live.Count, 3, 30); // not every step
        Assert.All(live, s => Assert.Contains("<progress value=\"", (string)s.Bundle.Data[Mime.Html]));
        Assert.Contains("step 1/200  loss ", live[0].Bundle.Text);
        var last = host.Shown[^1].Bundle;
        Assert.StartsWith("tiny: 200 of 200 steps in ", last.Text);
        Assert.Contains("test accuracy", last.Text);
        Assert.True(last.Data.ContainsKey(Mime.Plotly) && last.Data.ContainsKey(Mime.Png));
    }

    [Fact]
    public void A_slow_first_drawing_does_not_hold_up_the_second()
    {
        var (host, clock) = (new Recorder(), new Clock());
        host.Updating = () =>
        {
            if (host.Shown.Count == 1) clock.Pass(seconds: 3); // twenty times as long is more than the whole run
        };
        using var trainer = Trainer(new LiveTrainingHook(host, clock));
        trainer.Run();
        Assert.InRange(host.Shown.Count(s => s.Bundle.Text.Contains("step ")), 3, 30);
    }

    [Fact]
    public void A_trainer_shows_itself_where_a_notebook_is()
    {
        var host = new Recorder();
        DisplayHost.Current = host;
        using var trainer = Trainer();
        trainer.Run();
        Assert.StartsWith("tiny: 200 of 200 steps", host.Shown[^1].Bundle.Text);
    }

    [Fact]
    public void A_long_curve_keeps_its_mean_and_few_points()
    {
        var curve = new LossCurve();
        for (var step = 1; step <= 4800; step++) curve.Add(new TrainRecord(step, 0, step, 0, 0, 0, 0));
        Assert.InRange(curve.Count, 200, 600);
        var losses = (double[])((XPlot.Plotly.Scatter)curve.Figure("cross_entropy").Traces[0]).y;
        Assert.Equal(2400.5, losses.Average(), 1e-9);
        Assert.True(losses.SequenceEqual(losses.Order()));
    }
}
