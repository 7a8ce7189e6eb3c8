using System.Buffers;
using System.Text.Json;

namespace Interactive.Dashboard;

/// <summary>
/// The numbers of one run, read once and then followed: only what a run has written since is read. A run that goes on
/// after a cut writes its file anew; then all is read again.
/// </summary>
internal sealed class RunCurves(string metrics)
{
    private const int Block = 1 << 20, Most = 100; // no run of ours measures as much
    private readonly Dictionary<string, Curve> curves = [];
    private readonly List<int> steps = [];
    private readonly List<double> seconds = [], samples = [];
    private long offset, lastEnd; // lastEnd: of the last line
    private byte[] lastLine = [];
    private bool isLong; // in the middle of a line that is longer than a block, and so none of ours

    /// <summary>Bytes read so far: a place in the file.</summary>
    public long Offset => offset;

    /// <summary>
    /// What was measured: <c>loss</c>, <c>learningRate</c>, …, and <c>test loss</c>, <c>test accuracy</c>, … of
    /// evaluations.
    /// </summary>
    public IReadOnlyDictionary<string, Curve> Curves => curves;

    /// <summary>The steps that are kept, with their seconds.</summary>
    public IEnumerable<(long Step, double Seconds)> Steps
        => steps.Select((step, i) => ((long)step, i == 0 ? seconds[0] : seconds[i] - seconds[i - 1]));

    /// <summary>Values held, all curves together.</summary>
    public long Points => curves.Values.Sum(c => (long)c.Count) + 2L * steps.Count;

    /// <summary>Reads what is new.</summary>
    public void Refresh()
    {
        if (!File.Exists(metrics)) return;
        using var file = new FileStream(metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
            bufferSize: 0);
        if (!Continues(file)) Forget();
        var block = ArrayPool<byte>.Shared.Rent(Block);
        file.Seek(offset, SeekOrigin.Begin);
        for (var held = 0; ;)
        {
            var read = file.Read(block, held, block.Length - held);
            if (read == 0) break; // a line that is being written stays for the next time
            held += read;
            var used = Lines(block.AsSpan(0, held));
            if (used == 0 && held == block.Length) (used, isLong) = (held, true);
            offset += used;
            block.AsSpan(used, held - used).CopyTo(block);
            held -= used;
        }
        ArrayPool<byte>.Shared.Return(block);
    }

    /// <summary>
    /// Where a step lies on an axis: <c>step</c>, <c>time</c> (seconds of training) or <c>samples</c>.
    /// </summary>
    public Func<int, double> Place(string axis) => axis switch
    {
        "time" => step => At(seconds, step),
        "samples" => step => At(samples, step),
        _ => step => step,
    };

    // A step that was not kept lies where the one before it does.
    private double At(List<double> sums, int step)
    {
        var i = steps.BinarySearch(step);
        if (i < 0) i = ~i - 1;
        return i < 0 ? 0 : sums[i];
    }

    // True when the line that was read last still lies where it lay.
    private bool Continues(FileStream file)
    {
        if (file.Length < offset) return false;
        if (lastLine.Length == 0) return true;
        var there = new byte[lastLine.Length];
        file.Seek(lastEnd - there.Length, SeekOrigin.Begin);
        file.ReadExactly(there);
        return there.AsSpan().SequenceEqual(lastLine);
    }

    private void Forget()
    {
        curves.Clear();
        foreach (var list in (System.Collections.IList[])[steps, seconds, samples]) list.Clear();
        (offset, lastEnd, lastLine, isLong) = (0, 0, [], false);
    }

    // Whole lines only; the bytes they took.
    private int Lines(Span<byte> text)
    {
        var (used, last) = (0, 0);
        for (int length; (length = text[used..].IndexOf((byte)'\n')) >= 0; used += length + 1)
        {
            if (!isLong) Line(text.Slice(used, length));
            isLong = false;
            last = used;
        }
        if (used > 0) (lastLine, lastEnd) = (text[last..used].ToArray(), offset + used);
        return used;
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty) return;
        int? step = null;
        var (isTraining, isEvaluation) = (false, false);
        fields.Clear();
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;
            for (var nth = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; nth++)
            {
                var name = Name(ref reader, nth);
                reader.Read();
                if (name == "step" && reader.TryGetInt32(out var number)) step = number;
                else if (name == "kind") (isTraining, isEvaluation) = (reader.ValueTextEquals("train"u8), reader.ValueTextEquals("eval"u8));
                else if (name == "epoch") { }
                else if (reader.TokenType == JsonTokenType.Number) fields.Add((name, reader.GetDouble()));
                else if (reader.TokenType == JsonTokenType.String && NoNumber(ref reader) is { } value)
                    fields.Add((name, value));
                else reader.Skip();
            }
        }
        // a line that was cut, or none of ours
        catch (Exception e) when (e is JsonException or InvalidOperationException) { return; }
        if (step is not { } at || !isTraining && !isEvaluation) return;
        // made again after a crash: the first is shown
        if (isTraining && steps.Count > 0 && at <= steps[^1]) return;
        if (isTraining) Advance(at);
        foreach (var (name, value) in fields) CurveOf(isEvaluation ? $"test {name}" : name, at)?.Add(at, (float)value);
    }

    private readonly List<(string Name, double Value)> fields = [];

    private Curve? CurveOf(string key, int step)
    {
        if (!curves.TryGetValue(key, out var curve))
        {
            if (curves.Count == Most) return null;
            curves[key] = curve = new();
        }
        return curve.Count == 0 || step > curve.LastStep ? curve : null;
    }

    private void Advance(int step)
    {
        var (took, speed) = (0.0, 0.0);
        foreach (var (name, value) in fields)
            if (name == "seconds") took = value;
            else if (name == "samplesPerSecond") speed = value;
        steps.Add(step);
        seconds.Add((seconds.Count == 0 ? 0 : seconds[^1]) + took);
        samples.Add((samples.Count == 0 ? 0 : samples[^1]) + Math.Round(took * speed));
    }

    private static double? NoNumber(ref Utf8JsonReader reader)
        => reader.ValueTextEquals("NaN"u8) ? double.NaN
        : reader.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity
        : reader.ValueTextEquals("-Infinity"u8) ? double.NegativeInfinity : null;

    // The same few names a million times, mostly in the same order: none is made twice.
    private readonly List<(byte[] Text, string Name)> names = [];

    private string Name(ref Utf8JsonReader reader, int nth)
    {
        if (nth < names.Count && reader.ValueSpan.SequenceEqual(names[nth].Text)) return names[nth].Name;
        var name = reader.GetString()!;
        if (nth == names.Count && nth < Most) names.Add((reader.ValueSpan.ToArray(), name));
        else if (nth < names.Count) names[nth] = (reader.ValueSpan.ToArray(), name);
        return name;
    }
}
