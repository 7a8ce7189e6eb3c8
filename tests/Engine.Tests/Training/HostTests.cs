using System.Collections.Concurrent;
using Interactive.Training;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Training as a hosted service: options from the configuration, lines to the logger, an end with a checkpoint when the
/// host stops.
/// </summary>
public sealed class HostTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("host").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Seen { get; } = [];
        public TaskCompletionSource Trains { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ILogger CreateLogger(string category) => this;
        public IDisposable? BeginScope<T>(T state) where T : notnull => null;
        public bool IsEnabled(LogLevel level) => true;
        public void Log<T>(LogLevel level, EventId id, T state, Exception? exception, Func<T, Exception?, string> text)
        {
            Seen.Enqueue(text(state, exception));
            if (Seen.Any(line => line.StartsWith("epoch "))) Trains.TrySetResult();
        }
        public void Dispose() { }
    }

    private sealed class Job(IOptions<TrainerOptions> options, ILogger<Job> logger) : BackgroundService
    {
        public RunEnd? End { get; private set; }

        protected override Task ExecuteAsync(CancellationToken stop) => Task.Run(() =>
        {
            using var graph = Nets.Mlp();
            using var log = new LineLog(line => logger.LogInformation("{Line}", line), every: 2);
            using var trainer = new Trainer(graph, Nets.Data, Nets.Data, options.Value, logs: [log],
                cancellation: stop);
            try { trainer.Run(); }
            catch (TrainingStoppedException e)
            {
                End = new(e.CancellationToken == stop,
                Directory.GetFiles(trainer.Directory!.Checkpoints).Length);
            }
        }, CancellationToken.None);
    }

    private sealed record RunEnd(bool ByTheHost, int Checkpoints);

    [Fact]
    public async Task A_hosted_service_ends_with_a_checkpoint_when_its_host_stops()
    {
        using var lines = new Lines();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Training:Epochs"] = "1000000", ["Training:BatchSize"] = "16", ["Training:Progress"] =
                "false", ["Training:Out"] = folder, ["Training:CheckpointEvery"] = "0",
        });
        builder.Services.Configure<TrainerOptions>(builder.Configuration.GetSection("Training"));
        builder.Services.AddSingleton<Job>().AddHostedService(services => services.GetRequiredService<Job>());
        builder.Logging.AddProvider(lines);
        using var host = builder.Build();
        await host.StartAsync();
        var job = host.Services.GetRequiredService<Job>();
        await await Task.WhenAny(lines.Trains.Task, job.ExecuteTask!);
        await host.StopAsync();
        var end = job.End;
        Assert.True(end?.ByTheHost);
        Assert.InRange(end!.Checkpoints, 1, 3);
        Assert.Contains(lines.Seen, line => line.StartsWith("step 2  epoch 1  loss "));
        Assert.Contains(lines.Seen, line => line.StartsWith("epoch 1  test loss ") && line.Contains("test accuracy"));
    }
}
