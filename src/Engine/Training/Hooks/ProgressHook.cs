using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Progress for people: a bar that redraws itself on a terminal, a line every few seconds elsewhere (a file, a pipe, under
/// mpirun). Rank 0 only.
/// </summary>
internal sealed class ProgressHook(TextWriter output, bool isTerminal) : Hook
{
    private ProgressClock? clock;
    private double drawnAt = double.NegativeInfinity;
    private bool isBarOpen;

    public override int Order => 200;

    public override void BeforeRun(Trainer trainer) => clock = new ProgressClock(trainer);

    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        var now = clock!.Elapsed.TotalSeconds;
        var isLast = record.Step % trainer.StepsPerEpoch == 0;
        if (!isLast && now - drawnAt < (isTerminal ? 0.2 : 5)) return;
        var line = Line(trainer, record);
        if (isTerminal) output.Write($"\r\u001b[K{line}");
        else output.WriteLine(line);
        isBarOpen = isTerminal;
        if (isLast) CloseBar();
        output.Flush();
        drawnAt = now;
    }

    private void CloseBar()
    {
        if (isBarOpen) output.WriteLine();
        isBarOpen = false;
    }

    private string Line(Trainer trainer, TrainRecord record)
    {
        var inEpoch = clock!.StepInEpoch(record);
        var filled = (int)(20 * inEpoch / trainer.StepsPerEpoch);
        return $"epoch {record.Epoch + 1}/{trainer.Options.Epochs} {new string('━', filled)}{new string('╌', 20 - filled)} {inEpoch}/{trainer.StepsPerEpoch}  {clock.Describe(record)}";
    }

    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
    {
        CloseBar();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {record.Epoch + 1}/{trainer.Options.Epochs}  test loss {record.Loss:F4}{string.Concat(record.Metrics.Select(MetricText.Of))}"));
        output.Flush();
    }
}
