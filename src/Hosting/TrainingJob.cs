using Interactive.Monitoring;
using Interactive.Training;

namespace Interactive.Hosting;

/// <summary>What a host gives to a training job.</summary>
public sealed class TrainingJob
{
    internal TrainingJob(IServiceProvider services, TrainerOptions options, IReadOnlyList<IRunLog> logs,
        CancellationToken stopping)
        => (Services, Options, Logs, Stopping) = (services, options, logs, stopping);

    /// <summary>The host's services.</summary>
    public IServiceProvider Services { get; }
    /// <summary>How to train, as the host is configured; without a progress bar, since the log tells.</summary>
    public TrainerOptions Options { get; }
    /// <summary>Hands the numbers of steps and evaluations to the host's logger.</summary>
    public IReadOnlyList<IRunLog> Logs { get; }
    /// <summary>The host stops: give it to the trainer, which then saves and ends.</summary>
    public CancellationToken Stopping { get; }
}
