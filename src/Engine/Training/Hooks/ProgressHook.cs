using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Progress for people: a bar that redraws itself on a terminal, a line every few seconds elsewhere (a file, a pipe,
/// under mpirun). Rank 0 only.
/// </summary>
internal sealed class ProgressHook(TextWriter output, bool isTerminal) : Hook
{
    private readonly bool hasColour = isTerminal
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
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

    // As much as fits on the terminal's line: a longer one would scroll at every redrawing.
    private string Line(Trainer trainer, TrainRecord record)
    {
        var inEpoch = clock!.StepInEpoch(record);
        var filled = (int)(20 * inEpoch / trainer.StepsPerEpoch);
        var (begin, end) = ($"epoch {record.Epoch + 1}/{trainer.Options.Epochs} ",
            $" {inEpoch}/{trainer.StepsPerEpoch}");
        var room = isTerminal ? Width() - 1 - begin.Length - 20 - end.Length : int.MaxValue;
        foreach (var part in clock.Describe(record).Split("  "))
        {
            if ((room -= part.Length + 2) < 0) break;
            end += $"  {part}";
        }
        return $"{begin}{Coloured(Green, new string('━', filled))}{Coloured(Grey, new string('╌', 20 - filled))}{end}";
    }

    private const int Green = 32, Grey = 90;

    private string Coloured(int colour, string text)
        => hasColour && text.Length > 0 ? $"\u001b[{colour}m{text}\u001b[0m" : text;

    private static int Width()
    {
        try { return Console.WindowWidth is > 0 and var width ? width : 80; }
        catch (IOException) { return 80; }
    }

    public override void AfterRun(Trainer trainer)
    {
        CloseBar();
        output.Flush();
    }

    public override void AfterEvaluation(Trainer trainer, EvalRecord record)
    {
        CloseBar();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {record.Epoch + 1}/{trainer.Options.Epochs}  test loss {record.Loss:F4}{string.Concat(record.Metrics.Select(MetricText.Of))}"));
        output.Flush();
    }
}
