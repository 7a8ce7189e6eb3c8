using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Called by the trainer at fixed points, on every rank, in ascending <see cref="Order"/>. Override what is needed; a hook
/// that communicates must do so on all ranks alike. Any hook may end the run with <see cref="Trainer.Stop"/>, and
/// one that is an <see cref="IRunState"/> is kept in checkpoints.
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
    /// <summary>Once a checkpoint is on the disk, which may be some steps after its own; rank 0 only.</summary>
    public virtual void AfterCheckpoint(Trainer trainer, string path) { }
    /// <summary>After the last step, also when the run stopped early.</summary>
    public virtual void AfterRun(Trainer trainer) { }
}
