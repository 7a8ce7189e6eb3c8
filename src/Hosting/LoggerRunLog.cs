using Interactive.Monitoring;
using Microsoft.Extensions.Logging;

namespace Interactive.Hosting;

/// <summary>Writes evaluations as information and steps as debugging.</summary>
internal sealed class LoggerRunLog(ILogger logger) : IRunLog
{
    public void Write(TrainRecord record)
        => logger.LogDebug("step {Step} epoch {Epoch} loss {Loss} rate {LearningRate}", record.Step, record.Epoch,
        record.Loss, record.LearningRate);

    public void Write(EvalRecord record)
        => logger.LogInformation("epoch {Epoch} step {Step} loss {Loss} {Metrics}", record.Epoch, record.Step,
        record.Loss,
        string.Join(" ", record.Metrics.Select(m => FormattableString.Invariant($"{m.Key} {m.Value:G4}"))));

    public void Dispose() { }
}
