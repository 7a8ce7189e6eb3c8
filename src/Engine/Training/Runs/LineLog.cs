using System.Globalization;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Hands a run's numbers on as lines: <c>new LineLog(line => logger.LogInformation("{Line}", line))</c> for a host's
/// logger, where a bar on the console is out of place.
/// </summary>
/// <param name="write">Takes a line.</param>
/// <param name="every">Steps between lines; evaluations have a line each.</param>
public sealed class LineLog(Action<string> write, int every = 100) : IRunLog
{
    private readonly int every = every >= 1 ? every
        : throw new UsageException($"a line every {every} steps cannot be: give at least 1");

    /// <inheritdoc/>
    public void Write(TrainRecord record)
    {
        if (record.Step % every == 0)
            write(string.Create(CultureInfo.InvariantCulture, $"step {record.Step}  epoch {record.Epoch + 1}  loss {record.Loss:F4}  {record.SamplesPerSecond:F0} samples/s"));
    }

    /// <inheritdoc/>
    public void Write(EvalRecord record)
        => write(string.Create(CultureInfo.InvariantCulture,
        $"epoch {record.Epoch + 1}  test loss {record.Loss:F4}{string.Concat(record.Metrics.Select(MetricText.Of))}"));

    /// <inheritdoc/>
    public void Dispose() { }
}
