using System.Text.Json;
using Interactive.Monitoring;

namespace Interactive.Extensions.Runs;

/// <summary>
/// The last step and the last evaluation of a <c>metrics.jsonl</c>, read from its end: a list of a thousand runs reads
/// little of each.
/// </summary>
internal static class MetricsTail
{
    private const int Block = 64 << 10, Most = 1 << 20; // a longer line is none of ours
    private static readonly JsonSerializerOptions json = RunRowJson.Options;

    /// <summary>Lines that are no records, or cut, do not count.</summary>
    public static (long Step, EvalRecord? Evaluation) Read(string path)
    {
        long? step = null;
        EvalRecord? evaluation = null;
        foreach (var line in LinesFromTheEnd(path))
        {
            if (step is null) step = StepOf(line);
            if (line.AsSpan().IndexOf("\"eval\""u8) >= 0) evaluation = Evaluation(line);
            if (step is not null && evaluation is not null) break;
        }
        return (step ?? 0, evaluation);
    }

    private static long? StepOf(byte[] line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement is { ValueKind: JsonValueKind.Object } record
                && record.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String
                && kind.ValueEquals("train")
                && record.TryGetProperty("step", out var step) && step.TryGetInt64(out var number) ? number : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { return null; }
    }

    private static EvalRecord? Evaluation(byte[] line)
    {
        try { return JsonSerializer.Deserialize<EvalRecord>(line, json); }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { return null; }
    }

    private static IEnumerable<byte[]> LinesFromTheEnd(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0);
        byte[] rest = []; // the end of a line that begins in a block before
        var isLong = false; // and whether it was given up for its length
        for (var end = file.Length; end > 0; end -= Math.Min(Block, end))
        {
            var block = new byte[Math.Min(Block, end)];
            file.Seek(end - block.Length, SeekOrigin.Begin);
            file.ReadExactly(block);
            byte[] text = [.. block, .. rest];
            var stop = text.Length;
            for (var i = stop - 1; i >= 0; i--)
                if (text[i] == (byte)'\n')
                {
                    if (stop - i > 1 && !isLong) yield return text[(i + 1)..stop];
                    (stop, isLong) = (i, false);
                }
            isLong |= stop > Most;
            rest = isLong ? [] : text[..stop];
        }
        if (rest.Length > 0) yield return rest;
    }
}
