using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Called by the trainer at fixed points, on every rank, in ascending <see cref="Order"/>. Override what is needed; a hook
/// that communicates must do so on all ranks alike.
/// </summary>
public abstract class Hook
{
    /// <summary>Place among the hooks; the built-in ones are at 0 (guards), 100 (logs) and 200 (display).</summary>
    public virtual int Order => 50;
    /// <summary>Before the first step.</summary>
    public virtual void BeforeRun(Trainer trainer) { }
    /// <summary>Before an epoch, 0 for the first.</summary>
    public virtual void BeforeEpoch(Trainer trainer, int epoch) { }
    /// <summary>After a step, with the loss averaged over all ranks.</summary>
    public virtual void AfterStep(Trainer trainer, TrainRecord record) { }
    /// <summary>After an evaluation over all ranks.</summary>
    public virtual void AfterEvaluation(Trainer trainer, EvalRecord record) { }
    /// <summary>After a checkpoint was written; rank 0 only.</summary>
    public virtual void AfterCheckpoint(Trainer trainer, string path) { }
    /// <summary>After the last step, also when the run stopped early.</summary>
    public virtual void AfterRun(Trainer trainer) { }
}

/// <summary>Ends the run when the loss is not a number: training on would only hide where it went wrong.</summary>
internal sealed class NanGuard : Hook
{
    public override int Order => 0;
    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        if (!double.IsFinite(record.Loss))
            throw new InvalidOperationException($"the loss is {record.Loss} at step {record.Step} (learning rate {record.LearningRate:G4}): lower --learning-rate, raise --warm-up or set --clip-norm");
    }
}

/// <summary>Writes metrics; rank 0 only.</summary>
internal sealed class LogHook(IRunLog log) : Hook
{
    public override int Order => 100;
    public override void AfterStep(Trainer trainer, TrainRecord record) => log.Write(record);
    public override void AfterEvaluation(Trainer trainer, EvalRecord record) => log.Write(record);
}
