using System.Text.Json;
using System.Text.Json.Serialization;
using Interactive.Runtime;

namespace Interactive.Monitoring;

/// <summary>Numbers of one training step, as a line of <c>metrics.jsonl</c>. Bytes are bytes.</summary>
public sealed record TrainRecord(long Step, int Epoch, double Loss, double LearningRate, double SamplesPerSecond, long LiveBytes, long PeakBytes)
{
    /// <summary>Tells the lines of the file apart.</summary>
    public string Kind => "train";
    /// <summary>Norm of all gradients together before clipping; null where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? GradientNorm { get; init; }
    /// <summary>Seconds of the whole step, waiting for its batch included; 0 where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double Seconds { get; init; }
    /// <summary>Of these, seconds in which this rank waited for its batch; 0 where it was not measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double DataSeconds { get; init; }
    /// <summary>Of these, seconds in which this rank waited for other ranks or for what they send; 0 alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double CommunicationSeconds { get; init; }
    /// <summary>What the plan of the run's memory says that <c>PeakBytes</c> comes to at most in this step; 0 without a plan.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long PlannedBytes { get; init; }
}

/// <summary>Where a run's numbers go.</summary>
public interface IRunLog : IDisposable
{
    /// <summary>One training step.</summary>
    void Write(TrainRecord record);
    /// <summary>One evaluation.</summary>
    void Write(EvalRecord record);
}

/// <summary>Writes JSON lines and a TensorBoard event file.</summary>
public sealed class RunLog : IRunLog
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };
    private static readonly JsonSerializerOptions Line = new(Json) { WriteIndented = false };
    private readonly StreamWriter lines;
    private readonly EventFile events;
    private readonly string? last; // of the lines that a resumed run has kept

    /// <summary>Opens the log; lines of steps after <paramref name="resumeStep"/> are cut off, so that a resumed run repeats none.</summary>
    public RunLog(RunDirectory run, long resumeStep = 0)
    {
        if (File.Exists(run.Metrics))
        {
            var kept = KeptLines(run.Metrics, resumeStep).ToList();
            last = kept.LastOrDefault();
            AtomicFile.WriteText(run.Metrics, string.Concat(kept.Select(l => l + "\n")));
        }
        lines = new StreamWriter(run.Metrics, append: true) { AutoFlush = true };
        events = EventFile.Create(run.Path);
        if (resumeStep > 0) events.Restart(resumeStep + 1);
    }

    private static IEnumerable<string> KeptLines(string path, long resumeStep)
    {
        foreach (var line in File.ReadLines(path))
        {
            JsonDocument document;
            try { document = JsonDocument.Parse(line); }
            catch (JsonException) { yield break; } // the line that was being written when the run was cut
            using (document)
            {
                if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("step", out var step)
                    || step.ValueKind != JsonValueKind.Number || !step.TryGetInt64(out var number)) continue; // no line of ours
                if (number <= resumeStep) yield return line;
            }
        }
    }

    /// <inheritdoc/>
    public void Write(TrainRecord record)
    {
        lines.WriteLine(JsonSerializer.Serialize(record, Line));
        events.Scalar("train/loss", record.Step, (float)record.Loss);
        events.Scalar("train/learning_rate", record.Step, (float)record.LearningRate);
        events.Scalar("train/samples_per_second", record.Step, (float)record.SamplesPerSecond);
        events.Scalar("memory/peak_bytes", record.Step, record.PeakBytes);
        if (record.GradientNorm is { } norm) events.Scalar("train/gradient_norm", record.Step, (float)norm);
    }

    /// <inheritdoc/>
    public void Write(EvalRecord record)
    {
        // Killed between its last checkpoint and its end, a run evaluates once more what it has evaluated.
        if (JsonSerializer.Serialize(record, Line) is var line && line != last) lines.WriteLine(line);
        events.Scalar("eval/loss", record.Step, (float)record.Loss);
        foreach (var (name, value) in record.Metrics) events.Scalar($"eval/{name}", record.Step, (float)value);
        events.Flush();
    }

    /// <summary>Hands all to the system; called before a run says that it is finished.</summary>
    /// <exception cref="IOException">There is no room for it.</exception>
    internal void Flush()
    {
        lines.Flush();
        events.Flush();
    }

    /// <summary>Closes the files. What has found no room by now ended the run before, or is the end of a viewer's curve.</summary>
    public void Dispose()
    {
        try { lines.Dispose(); }
        catch (IOException) { }
        try { events.Dispose(); }
        catch (IOException) { }
    }
}
