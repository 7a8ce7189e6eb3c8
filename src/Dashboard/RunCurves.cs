using System.Text.Json;

namespace Interactive.Dashboard;

/// <summary>
/// The numbers of one run, read once and then followed: only what a run has written since is read. A run that goes on
/// after a cut writes its file anew; then all is read again.
/// </summary>
internal sealed class RunCurves(string metrics)
{
    private const int Block = 1 << 20;
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
        var block = new byte[Block];
        file.Seek(offset, SeekOrigin.Begin);
        for (var held = 0; ;)
        {
            var read = file.Read(block, held, block.Length - held);
            if (read == 0) return; // a line that is being written stays for the next time
            held += read;
            var used = Lines(block.AsSpan(0, held));
            if (used == 0 && held == block.Length) (used, isLong) = (held, true);
            offset += used;
            block.AsSpan(used, held - used).CopyTo(block);
            held -= used;
        }
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
        var used = 0;
        for (int length; (length = text[used..].IndexOf((byte)'\n')) >= 0; used += length + 1)
        {
            if (!isLong) Line(text.Slice(used, length));
            isLong = false;
            (lastLine, lastEnd) = (text.Slice(used, length + 1).ToArray(), offset + used + length + 1);
        }
        return used;
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty) return;
        int? step = null;
        string? kind = null;
        fields.Clear();
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = Name(ref reader);
                reader.Read();
                if (name == "step" && reader.TryGetInt32(out var number)) step = number;
                else if (name == "kind") kind = reader.GetString();
                else if (name == "epoch") { }
                else if (reader.TokenType == JsonTokenType.Number) fields.Add((name, reader.GetDouble()));
                else if (reader.TokenType == JsonTokenType.String && NoNumber(ref reader) is { } value)
                    fields.Add((name, value));
                else reader.Skip();
            }
        }
        // a line that was cut, or none of ours
        catch (Exception e) when (e is JsonException or InvalidOperationException) { return; }
        if (step is not { } at || kind is not ("train" or "eval")) return;
        // made again after a crash: the first is shown
        if (kind == "train" && steps.Count > 0 && at <= steps[^1]) return;
        if (kind == "train") Advance(at);
        foreach (var (name,
            value) in fields) CurveOf(kind == "eval" ? $"test {name}" : name, at)?.Add(at, (float)value);
    }

    private readonly List<(string Name, double Value)> fields = [];

    private Curve? CurveOf(string key, int step)
    {
        if (!curves.TryGetValue(key, out var curve))
        {
            if (curves.Count == 100) return null; // no run of ours measures as much
            curves[key] = curve = new();
        }
        return curve.Count == 0 || step > curve.LastStep ? curve : null;
    }

    private void Advance(int step)
    {
        double Field(string name) => fields.Find(f => f.Name == name).Value;
        var took = Field("seconds");
        steps.Add(step);
        seconds.Add((seconds.Count == 0 ? 0 : seconds[^1]) + took);
        samples.Add((samples.Count == 0 ? 0 : samples[^1]) + Math.Round(took * Field("samplesPerSecond")));
    }

    private static double? NoNumber(ref Utf8JsonReader reader)
        => reader.ValueTextEquals("NaN"u8) ? double.NaN
        : reader.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity
        : reader.ValueTextEquals("-Infinity"u8) ? double.NegativeInfinity : null;

    // The same few names a million times: none is made twice.
    private readonly Dictionary<int, string> names = [];

    private string Name(ref Utf8JsonReader reader)
    {
        var text = reader.ValueSpan;
        var hash = new HashCode();
        hash.AddBytes(text);
        var key = hash.ToHashCode();
        if (names.TryGetValue(key, out var known) && reader.ValueTextEquals(known)) return known;
        return names[key] = reader.GetString()!;
    }
}
