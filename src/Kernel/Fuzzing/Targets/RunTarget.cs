using Interactive.Extensions.Plots;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>What a run has written: its numbers or its configuration.</summary>
internal sealed class RunTarget(string file) : IFuzzTarget
{
    public string Name => Path.GetFileNameWithoutExtension(file);

    public string Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), """{ "model": "net", "parameters": 12, "objective": "cross_entropy", "options": { "name": "net", "epochs": 2 } }""");
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), """
            {"kind":"train","step":1,"epoch":0,"loss":0.5,"learningRate":0.1,"samplesPerSecond":100.5,"liveBytes":1024,"peakBytes":4096,"gradientNorm":1.5}
            {"kind":"train","step":2,"epoch":0,"loss":"NaN","learningRate":0.1,"samplesPerSecond":100.5,"liveBytes":1024,"peakBytes":4096}
            {"kind":"eval","step":2,"epoch":0,"loss":0.4,"accuracy":0.75}

            """);
        return Path.Combine(folder, file);
    }

    public void Read(string path)
    {
        var run = RunMetrics.Read(Path.GetDirectoryName(path)!);
        _ = (run.MetricNames, run.Objective);
    }
}
