namespace Interactive.Data;

/// <summary>What is quiet before and behind a sound.</summary>
internal static class Silence
{
    private const int PartsOfSecond = 100;

    /// <summary>The sound from its first loud hundredth of a second to its last.</summary>
    public static Sound Trim(Sound sound, double decibels)
    {
        var length = Math.Max(1, sound.Rate / PartsOfSecond);
        double[] power = [.. sound.Samples.Chunk(length).Select(part => part.Sum(s => (double)s * s) / part.Length)];
        var least = power.Max() * Math.Pow(10, -decibels / 10);
        var (first, last) = (Array.FindIndex(power, p => p >= least), Array.FindLastIndex(power, p => p >= least));
        return sound with { Samples = sound.Samples[(first * length)..Math.Min(sound.Samples.Length, (last + 1) * length)] };
    }
}
