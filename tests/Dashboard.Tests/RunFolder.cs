using System.Text.Json;

namespace Interactive.Dashboard.Tests;

/// <summary>A folder of runs as trainings write them.</summary>
internal sealed class RunFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dashboard").FullName;

    public string Add(string id, int steps, string? finished = null)
    {
        var run = System.IO.Path.Combine(Path, id);
        Directory.CreateDirectory(System.IO.Path.Combine(run, "checkpoints"));
        File.WriteAllText(System.IO.Path.Combine(run, "config.json"),
            """{"model":"net","parameters":12,"ranks":1,"options":{"learningRate":0.5,"batchSize":4}}""");
        File.WriteAllText(Metrics(id), "");
        for (var step = 1; step <= steps; step++) Write(id, Train(step, 1.0 / step));
        if (finished is not null) File.WriteAllText(System.IO.Path.Combine(run, "finished"), finished);
        return run;
    }

    public string Metrics(string id) => System.IO.Path.Combine(Path, id, "metrics.jsonl");

    public void Write(string id, params string[] lines)
        => File.AppendAllText(Metrics(id), string.Concat(lines.Select(l => l + "\n")));

    public static string Train(int step, object loss)
        => JsonSerializer.Serialize(new
        {
            kind = "train",
            step,
            epoch = 0,
            loss,
            samplesPerSecond = 40.0,
            seconds = 0.1
        });

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
