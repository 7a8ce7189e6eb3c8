using Interactive.Training;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Interactive.Hosting;

/// <summary>Adds a training job to a host.</summary>
public static class TrainingServices
{
    /// <summary>
    /// Trains when the host starts. The host's stop ends the run after the step that is being made, with a checkpoint;
    /// the host stops when the run is done. Losses and evaluations go to <see cref="ILogger"/>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="create">Makes the trainer from what the host has: <c>job => new Trainer(net, train, test,
    /// job.Options, logs: job.Logs, cancellation: job.Stopping)</c>.</param>
    /// <param name="configuration">Where <see cref="TrainerOptions"/> are bound from, such as
    /// <c>builder.Configuration.GetSection("Training")</c>; default: what the services configure.</param>
    public static IServiceCollection AddTraining(this IServiceCollection services, Func<TrainingJob, Trainer> create,
        IConfiguration? configuration = null)
    {
        services.AddOptions<TrainerOptions>();
        if (configuration is not null) services.Configure<TrainerOptions>(configuration);
        return services.AddHostedService(provider
            => new TrainingService(provider, create, provider.GetRequiredService<IOptions<TrainerOptions>>(),
            provider.GetRequiredService<IHostApplicationLifetime>(),
                provider.GetRequiredService<ILogger<TrainingJob>>()));
    }
}
