using System.Collections.Concurrent;

namespace Interactive.Data;

/// <summary>
/// Another rate by a windowed sinc filter (Smith 1984), with torchaudio's settings: six zero crossings, Hann's window,
/// cut off at 0.99 of the lower Nyquist frequency.
/// </summary>
internal sealed class Resampling
{
    private const int Crossings = 6, MostKept = 16;
    private const double Rolloff = 0.99;
    private static readonly ConcurrentDictionary<(int, int), Resampling> kept = [];

    private readonly int from, to, width;
    private readonly float[][] filters; // one for each place of a result between two samples

    private Resampling(int from, int to)
    {
        (this.from, this.to) = (from, to);
        var cutoff = Math.Min(from, to) * Rolloff;
        width = (int)Math.Ceiling(Crossings * from / cutoff);
        filters = [.. Enumerable.Range(0, to).Select(phase => Filter(phase, cutoff))];
    }

    // Around the place of a result all that is not 0: 2 x width + 1 samples.
    private float[] Filter(int phase, double cutoff)
    {
        var filter = new float[2 * width + 1];
        for (var k = 0; k < filter.Length; k++)
        {
            var distance = (double)(Begin(phase) + k) / from - (double)phase / to;
            var t = Math.Clamp(distance * cutoff, -Crossings, Crossings);
            var window = Math.Pow(Math.Cos(t * Math.PI / Crossings / 2), 2);
            var sinc = t == 0 ? 1 : Math.Sin(t * Math.PI) / (t * Math.PI);
            filter[k] = (float)(sinc * window * cutoff / from);
        }
        return filter;
    }

    private int Begin(int phase) => (int)((long)phase * from / to) - width;

    public static Sound Run(Sound sound, int rate)
    {
        if (sound.Rate == rate) return sound;
        var divisor = (int)System.Numerics.BigInteger.GreatestCommonDivisor(sound.Rate, rate);
        var key = (sound.Rate / divisor, rate / divisor);
        if (!kept.TryGetValue(key, out var resampling))
        {
            resampling = new(key.Item1, key.Item2);
            if (kept.Count < MostKept) kept.TryAdd(key, resampling);
        }
        return new(resampling.Run(sound.Samples), rate);
    }

    private float[] Run(float[] samples)
    {
        var result = new float[((long)samples.Length * to + from - 1) / from];
        for (var i = 0; i < result.Length; i++)
        {
            var (block, phase) = Math.DivRem(i, to);
            var (filter, begin) = (filters[phase], block * from + Begin(phase));
            var sum = 0f;
            for (var k = Math.Max(0, -begin); k < filter.Length && begin + k < samples.Length; k++)
                sum += samples[begin + k] * filter[k];
            result[i] = sum;
        }
        return result;
    }
}
