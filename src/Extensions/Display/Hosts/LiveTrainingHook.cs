using System.Globalization;
using Interactive.Extensions.Plots;
using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Extensions.Display;

/// <summary>
/// Shows a run live in a notebook: a progress bar and the loss curve, replaced in place about twice a second while the
/// run goes, and at its end a figure to hover. Drawing takes at most a twentieth of the time, but for the first one.
/// Trainers add it by themselves when the process has a notebook.
/// </summary>
/// <param name="host">Where it is shown; default <see cref="DisplayHost.Current"/>.</param>
/// <param name="time">The clock; default the system's.</param>
public sealed class LiveTrainingHook(IDisplayHost? host = null, TimeProvider? time = null) : Hook
{
    private static readonly TimeSpan interval = TimeSpan.FromSeconds(0.4);

    private readonly IDisplayHost host = host ?? DisplayHost.Current;
    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly LossCurve curve = new();
    private ProgressClock? clock;
    private string? id;
    private string objective = "";
    private string line = "";
    private double share;
    private TimeSpan next = TimeSpan.Zero;
    private bool hasDrawn;

    /// <inheritdoc/>
    public override int Order => 200;

    /// <inheritdoc/>
    public override void BeforeRun(Trainer trainer)
    {
        clock = new ProgressClock(trainer, time);
        objective = trainer.Objective.Name;
        id = host.Display(MimeBundle.Plain($"{trainer.Graph.Name}: {trainer.TotalSteps} steps"));
    }

    /// <inheritdoc/>
    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        curve.Add(record);
        if (clock!.Elapsed < next) return;
        share = (double)record.Step / trainer.TotalSteps;
        line = $"epoch {record.Epoch + 1}/{trainer.Options.Epochs}  step {record.Step}/{trainer.TotalSteps}  {clock.Describe(record)}{Measured()}";
        var begun = clock.Elapsed;
        host.Update(id!, Live());
        // The first drawing loads and compiles what draws: twenty times as long would leave a short run without a
        // second.
        var rest = hasDrawn ? 20 * (clock.Elapsed - begun) : TimeSpan.Zero;
        next = clock.Elapsed + (rest > interval ? rest : interval);
        hasDrawn = true;
    }

    /// <inheritdoc/>
    public override void AfterEvaluation(Trainer trainer, EvalRecord record) => curve.Add(record);

    /// <inheritdoc/>
    public override void AfterRun(Trainer trainer)
    {
        var seconds = clock!.Elapsed.TotalSeconds;
        line = string.Create(CultureInfo.InvariantCulture,
            $"{trainer.Graph.Name}: {trainer.Step} of {trainer.TotalSteps} steps in {seconds:F1} s, {clock.SecondsPerStep * 1000:F0} ms/iter{Measured().Replace("  ", ", ", StringComparison.Ordinal)}");
        var figure = FigureFormat.Format(curve.Figure(objective));
        host.Update(id!,
            new(new Dictionary<string,
            object>(figure.Data)
            {
                [Mime.Html] = $"<p>{Table.Encode(line)}</p>{figure.Data[Mime.Html]}", [Mime.Text] =
            line
            }));
    }

    // No plotly while it runs: redrawing it flickers, and the page would keep every one.
    private MimeBundle Live()
    {
        var png = FigurePicture.Draw(curve.Figure(objective));
        var bar = string.Create(CultureInfo.InvariantCulture, $"<progress value=\"{share:F4}\" max=\"1\" style=\"width:{FigurePicture.Width}px;max-width:100%\"></progress>");
        return new(new Dictionary<string, object>
        {
            [Mime.Html] = $"{bar}<pre>{Table.Encode(line)}</pre>{Picture.Element(png, "loss", FigurePicture.Width)}",
            [Mime.Text] = line,
        });
    }

    private string Measured() => string.Concat(curve.Metrics.Select(MetricText.Of));
}
