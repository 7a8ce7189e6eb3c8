using System.Diagnostics;
using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Progress for people: a bar that redraws itself on a terminal, a line every few seconds elsewhere (a file, a pipe, under
/// mpirun). Rank 0 only.
/// </summary>
internal sealed class ProgressHook(TextWriter output, bool isTerminal) : Hook
{
    private readonly Stopwatch clock = new();
    private long firstStep, lastDrawn;
    private double drawnAt = double.NegativeInfinity;
    private bool isBarOpen;

    public override int Order => 200;

    public override void BeforeRun(Trainer trainer)
    {
        firstStep = lastDrawn = trainer.Step;
        clock.Start();
    }

    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        var now = clock.Elapsed.TotalSeconds;
        var isLast = record.Step % trainer.StepsPerEpoch == 0;
        if (!isLast && now - drawnAt < (isTerminal ? 0.2 : 5)) return;
        var line = Line(trainer, record, now);
        if (isTerminal) output.Write($"\r\u001b[K{line}");
        else output.WriteLine(line);
        isBarOpen = isTerminal;
        if (isLast) CloseBar();
        output.Flush();
        (drawnAt, lastDrawn) = (now, record.Step);
    }

    private void CloseBar()
    {
        if (isBarOpen) output.WriteLine();
        isBarOpen = false;
    }

    private string Line(Trainer trainer, TrainRecord record, double now)
    {
        var inEpoch = (record.Step - 1) % trainer.StepsPerEpoch + 1;
        var perStep = now / Math.Max(1, record.Step - firstStep);
        var remaining = TimeSpan.FromSeconds(perStep * (trainer.TotalSteps - record.Step));
        var filled = (int)(20 * inEpoch / trainer.StepsPerEpoch);
        return string.Create(CultureInfo.InvariantCulture,
            $"epoch {record.Epoch + 1}/{trainer.Options.Epochs} {new string('━', filled)}{new string('╌', 20 - filled)} {inEpoch}/{trainer.StepsPerEpoch}"
            + $"  loss {record.Loss:F4}  {perStep * 1000:F0} ms/iter  {record.SamplesPerSecond:F0} samples/s  peak {record.PeakBytes / 1048576.0:F0} MiB  ETA {remaining:m\\:ss}");
    }

    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
    {
        CloseBar();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {record.Epoch + 1}/{trainer.Options.Epochs}  test loss {record.Loss:F4}  test accuracy {record.Accuracy:P2}"));
        output.Flush();
    }
}
