using System.Collections.Concurrent;

namespace Interactive.Data;

/// <summary>
/// Another rate by a windowed sinc filter (Smith 1984), with torchaudio's settings: six zero crossings, Hann's window,
/// cut off at 0.99 of the lower Nyquist frequency.
/// </summary>
internal sealed class Resampling
{
    private const int Crossings = 6;
    private const double Rolloff = 0.99;
    private static readonly ConcurrentDictionary<(int, int), Resampling> kept = [];

    private readonly int from, to, width;
    private readonly float[][] filters; // one for each place of a result between two samples

    private Resampling(int from, int to)
    {
        (this.from, this.to) = (from, to);
        var cutoff = Math.Min(from, to) * Rolloff;
        width = (int)Math.Ceiling(Crossings * from / cutoff);
        filters = [.. Enumerable.Range(0, to).Select(phase => Enumerable.Range(-width, 2 * width + from).Select(i =>
        {
            var t = Math.Clamp(((double)i / from - (double)phase / to) * cutoff, -Crossings, Crossings);
            var window = Math.Pow(Math.Cos(t * Math.PI / Crossings / 2), 2);
            return (float)((t == 0 ? 1 : Math.Sin(t * Math.PI) / (t * Math.PI)) * window * cutoff / from);
        }).ToArray())];
    }

    public static Sound Run(Sound sound, int rate)
    {
        if (sound.Rate == rate) return sound;
        var divisor = (int)System.Numerics.BigInteger.GreatestCommonDivisor(sound.Rate, rate);
        return new(kept.GetOrAdd((sound.Rate / divisor, rate / divisor), key => new(key.Item1, key.Item2)).Run(sound.Samples), rate);
    }

    private float[] Run(float[] samples)
    {
        var result = new float[((long)samples.Length * to + from - 1) / from];
        for (var i = 0; i < result.Length; i++)
        {
            var (block, phase) = Math.DivRem(i, to);
            var (filter, begin) = (filters[phase], block * from - width);
            var sum = 0f;
            for (var k = Math.Max(0, -begin); k < filter.Length && begin + k < samples.Length; k++) sum += samples[begin + k] * filter[k];
            result[i] = sum;
        }
        return result;
    }
}
