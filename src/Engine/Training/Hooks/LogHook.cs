using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>Writes metrics.</summary>
internal sealed class LogHook(IRunLog log) : Hook
{
    public override int Order => 100;
    public override void AfterStep(Trainer trainer, TrainRecord record) => log.Write(record);
    public override void AfterEvaluation(Trainer trainer, EvalRecord record) => log.Write(record);
    public override void AfterRun(Trainer trainer) => (log as RunLog)?.Flush(); // before the run says that it is finished
}
