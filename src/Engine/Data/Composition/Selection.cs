using System.Runtime.InteropServices;

namespace Interactive.Data;

/// <summary>Some samples of a data set, in an order of its own.</summary>
internal sealed class Selection<T> : View<T>
{
    private readonly IDataset<T> source;
    private readonly int[] samples;
    private readonly int[]? repeats; // how often each has come before; null where none comes twice

    public Selection(IDataset<T> source, int[] samples)
    {
        Drawn.Refuse(source);
        (this.source, this.samples) = (source, samples);
        if (samples.Length == 0) throw new UsageException($"no sample of {source.Count} is left");
        foreach (var sample in samples)
            if ((uint)sample >= (uint)source.Count)
                throw new UsageException($"there is no sample {sample}: the data set has {source.Count}");
        repeats = Repeats(samples);
    }

    private static int[]? Repeats(int[] samples)
    {
        var counts = new Dictionary<int, int>(samples.Length);
        var repeats = new int[samples.Length];
        for (var i = 0; i < samples.Length; i++) repeats[i] = CollectionsMarshal.GetValueRefOrAddDefault(counts, samples[i], out _)++;
        return counts.Count == samples.Length ? null : repeats;
    }

    public override int Count => samples.Length;
    public override bool Varies => source.Varies;
    public override IReadOnlyList<string> ClassNames => source.ClassNames;
    protected override (IDataset<T>, int, Pass) At(int index, Pass pass)
        => (source, samples[index], repeats is null ? pass : pass with { Repeat = pass.Repeat * samples.Length + repeats[index] });
}
