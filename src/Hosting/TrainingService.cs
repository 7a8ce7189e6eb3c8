using Interactive.Training;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Interactive.Hosting;

/// <summary>Runs one training on a thread of its own.</summary>
internal sealed class TrainingService(IServiceProvider services, Func<TrainingJob, Trainer> create,
    IOptions<TrainerOptions> options,
    IHostApplicationLifetime host, ILogger<TrainingJob> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stopping)
        => Task.Factory.StartNew(() => Train(stopping), CancellationToken.None, TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private void Train(CancellationToken stopping)
    {
        try
        {
            using var log = new LoggerRunLog(logger);
            using var trainer =
                create(new TrainingJob(services, options.Value with { Progress = false }, [log], stopping));
            logger.LogInformation("training {Model} on {Steps} steps", trainer.Graph.Name, trainer.TotalSteps);
            var result = trainer.Run();
            logger.LogInformation("trained {Model}: {Result} after {Step} steps, in {Run}", trainer.Graph.Name, result,
                trainer.Step, trainer.Directory?.Path);
        }
        catch (Exception e) when (e is TrainingStoppedException or OperationCanceledException)
        {
            logger.LogInformation("training stopped: {Reason}", e.Message);
        }
        catch (Exception e)
        {
            // Said once and told to whoever started the process; a host would only say that a service has failed.
            if (e is UsageException) logger.LogError("{Reason}", e.Message);
            else logger.LogError(e, "training failed");
            Environment.ExitCode = e is UsageException ? 2 : 1;
        }
        host.StopApplication();
    }
}
