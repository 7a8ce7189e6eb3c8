using Interactive.Kernel.Hosting.Sweeps;
using Interactive.Monitoring;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>What a run's or a sweep's history is told from, and what a resumed run keeps of its numbers.</summary>
internal sealed class HistoryTarget(string file) : IFuzzTarget
{
    public string Name => file == "metrics.jsonl" ? "kept-metrics" : Path.GetFileNameWithoutExtension(file);

    public string Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "history.jsonl"), """
            {"kind":"start","step":0,"time":"2026-01-01T00:00:00+00:00","uptime":10.5,"boot":"b","detail":"rank 0 of 1"}
            {"kind":"first-step","step":1,"time":"2026-01-01T00:00:01+00:00","uptime":11.5,"boot":"b","detail":""}
            {"kind":"finish","step":2,"time":"2026-01-01T00:00:03+00:00","uptime":13.5,"boot":"b","detail":""}

            """);
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), """
            {"kind":"train","step":1,"epoch":0,"loss":0.5,"seconds":0.5}
            {"kind":"train","step":2,"epoch":0,"loss":"NaN","seconds":0.25}
            {"kind":"eval","step":2,"epoch":0,"loss":0.4,"accuracy":0.75}

            """);
        File.WriteAllText(Path.Combine(folder, "trials.jsonl"), """
            {"trial":0,"state":"finished","run":"r","set":{"learning-rate":"0.1"},"metric":"accuracy","values":[0.5,"NaN"],"higherIsBetter":true}
            {"trial":1,"state":"failed","run":"","set":{},"metric":"accuracy","values":[],"higherIsBetter":true}

            """);
        return Path.Combine(folder, file);
    }

    public void Read(string path)
    {
        if (file == "trials.jsonl") _ = TrialRecord.ReadAll(path).Select(t => t.Best).ToList();
        else
        {
            var run = RunDirectory.Open(Path.GetDirectoryName(path)!);
            _ = EffectiveTime.Of(run)?.Ratio;
            if (file == "metrics.jsonl") new RunLog(run, resumeStep: 1).Dispose();
        }
    }
}
