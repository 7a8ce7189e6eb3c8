using System.Collections.Concurrent;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Training;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Interactive.Hosting.Tests;

/// <summary>A training in a real host.</summary>
public sealed class TrainingServiceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("hosting").FullName;
    private readonly Lines lines = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private IHost Host(Func<TrainingJob, Trainer> create, params (string Key, string Value)[] settings)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddProvider(lines).SetMinimumLevel(LogLevel.Debug);
        foreach (var (key,
            value) in settings.Prepend(("Out", folder))
            .Prepend(("Name", "job"))) builder.Configuration["Training:" + key] = value;
        builder.Services.AddTraining(create, builder.Configuration.GetSection("Training"));
        return builder.Build();
    }

    private static Trainer Create(TrainingJob job, params Hook[] hooks)
    {
        var data = new SyntheticData(64, new Shape(6), 3);
        var net = new GraphBuilder("hosted", data.Shape);
        return new Trainer(net.Build(net.Input.Linear(3)), data, data, job.Options, hooks: hooks, logs: job.Logs,
            cancellation: job.Stopping);
    }

    [Fact]
    public async Task A_job_is_configured_logs_and_ends_the_host_when_it_is_done()
    {
        TrainerOptions? seen = null;
        using var host = Host(job =>
        {
            seen = job.Options;
            return Create(job);
        }, ("Epochs", "2"), ("BatchSize", "16"), ("LearningRate", "0.25"));
        await host.RunAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal((2, 16, 0.25, false), (seen!.Epochs, seen.BatchSize, seen.LearningRate, seen.Progress));
        Assert.Contains(lines.All,
            line => line.StartsWith("Information training hosted on 8 steps", StringComparison.Ordinal));
        Assert.Equal(8, lines.All.Count(line => line.StartsWith("Debug step ", StringComparison.Ordinal)));
        Assert.Equal(2, lines.All.Count(line => line.StartsWith("Information epoch ", StringComparison.Ordinal)));
        Assert.Contains(lines.All, line => line.StartsWith("Information trained hosted: ", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(folder)), "finished")));
    }

    [Fact]
    public async Task A_host_that_stops_ends_the_job_with_a_checkpoint_from_which_it_goes_on()
    {
        var started = new TaskCompletionSource();
        using (var host = Host(job => Create(job, new Signal(started)), ("Epochs", "100000"), ("BatchSize", "16")))
        {
            await host.StartAsync();
            await started.Task.WaitAsync(TimeSpan.FromMinutes(2));
            await host.StopAsync().WaitAsync(TimeSpan.FromMinutes(2)); // the host's own 30 seconds are enough
        }
        Assert.Contains(lines.All, line => line.StartsWith("Information training stopped: ", StringComparison.Ordinal));
        var run = Assert.Single(Directory.GetDirectories(folder));
        Assert.False(File.Exists(Path.Combine(run, "finished")));
        Assert.NotEmpty(Directory.GetFileSystemEntries(Path.Combine(run, "checkpoints")));

        long first = 0;
        using var again = Host(job => Create(job, new First(step => first = step)), ("Epochs", "100000"),
            ("BatchSize", "16"), ("Resume", "true"), ("MaxSteps", "0"));
        await again.StartAsync();
        for (var i = 0; i < 1200 && Interlocked.Read(ref first) == 0; i++) await Task.Delay(100);
        await again.StopAsync();
        Assert.True(first > 3, $"began with step {first}");
    }

    [Fact]
    public async Task Bad_input_is_one_line_of_the_log_and_exit_code_2()
    {
        var before = Environment.ExitCode;
        using var host = Host(job => Create(job), ("BatchSize", "1000"));
        await host.RunAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Contains("Error --batch-size 1000 is more than the 64 samples", lines.All);
        Assert.Equal(2, Environment.ExitCode);
        Environment.ExitCode = before;
    }

    private sealed class Signal(TaskCompletionSource started) : Hook
    {
        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (record.Step == 3) started.TrySetResult();
        }
    }

    private sealed class First(Action<long> tell) : Hook
    {
        private bool told;
        public override void AfterStep(Trainer trainer, TrainRecord record)
        {
            if (!told) tell(record.Step);
            told = true;
        }
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> lines = [];
        public string[] All => [.. lines];
        public ILogger CreateLogger(string category) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel level) => true;
        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception,
            Func<TState, Exception?, string> text) => lines.Enqueue($"{level} {text(state, exception)}");
        public void Dispose() { }
    }
}
