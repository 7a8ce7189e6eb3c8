namespace Interactive.Data;

/// <summary>
/// What is done to each sound on its way into a batch: <c>x => x.Resample(16000).Seconds(1).LogMel(64)</c>.
/// </summary>
/// <param name="Rate">Samples a second after resampling; default 16,000.</param>
public sealed record AudioPipeline(int Rate = 16000)
{
    internal double? Quiet { get; init; }
    internal double Fastest { get; init; }
    internal double? Duration { get; init; }
    internal double Quietest { get; init; } = 1;
    internal (int Bands, int Window, int Hop)? Mel { get; init; }

    /// <summary>Brings all sounds to one rate.</summary>
    /// <param name="rate">Samples a second.</param>
    /// <exception cref="UsageException">The rate is not between 100 and 384,000.</exception>
    public AudioPipeline Resample(int rate) => rate is >= 100 and <= 384_000 ? this with { Rate = rate }
        : throw new UsageException($"a rate must be 100 to 384000 samples a second, got {rate}");

    /// <summary>Cuts off what is quiet before and behind a sound.</summary>
    /// <param name="decibels">How far below the loudest hundredth of a second that is; default 40.</param>
    /// <exception cref="UsageException">It is not above 0 and at most 200.</exception>
    public AudioPipeline Trim(double decibels = 40) => decibels is > 0 and <= 200 ? this with { Quiet = decibels }
        : throw new UsageException($"silence must be above 0 and at most 200 decibels below the loudest, got {decibels}");

    /// <summary>
    /// In training, plays each sound faster and higher or slower and lower, at random (Ko et al. 2015).
    /// </summary>
    /// <param name="most">The largest change, in hundredths of the speed at a time; default 0.1, a tenth.</param>
    /// <exception cref="UsageException">The change is not 0 to 0.5.</exception>
    public AudioPipeline Speed(double most = 0.1) => most is >= 0 and <= 0.5 ? this with { Fastest = most }
        : throw new UsageException($"a change of speed must be 0 to 0.5, got {most}");

    /// <summary>
    /// One length: a part of a longer sound, anywhere in training and the middle in evaluation; a shorter one is
    /// followed
    /// by silence.
    /// </summary>
    /// <exception cref="UsageException">The length is not above 0 and at most an hour.</exception>
    public AudioPipeline Seconds(double seconds) => seconds is > 0 and <= 3600 ? this with { Duration = seconds }
        : throw new UsageException($"a length must be above 0 and at most 3600 seconds, got {seconds}");

    /// <summary>
    /// In training, makes each sound louder or quieter by a factor between 1/most and most, at random.
    /// </summary>
    /// <exception cref="UsageException">The factor is below 1.</exception>
    public AudioPipeline Gain(double most = 2) => most is >= 1 and <= 1000 ? this with { Quietest = 1 / most }
        : throw new UsageException($"a gain must be 1 to 1000, got {most}");

    /// <summary>Log-mel spectrograms (1, bands, samples / hop + 1) in place of samples (1, samples).</summary>
    /// <param name="bands">Bands of the mel scale; default 64.</param>
    /// <param name="window">Samples of a window; default 400, 25 ms at 16 kHz.</param>
    /// <param name="hop">Samples from one window to the next; default 160, 10 ms.</param>
    /// <exception cref="UsageException">A number is out of range.</exception>
    public AudioPipeline LogMel(int bands = 64, int window = 400, int hop = 160)
        => bands < 1 || window < 2 || bands > window / 2 ? throw new UsageException($"log-mel takes 1 to {Math.Max(1, window / 2)} bands of a window of {window} samples, got {bands}")
        : hop < 1 || hop > window ? throw new UsageException($"a hop must be 1 to the window's {window} samples, got {hop}")
        : this with { Mel = (bands, window, hop) };

    /// <summary>What is the same in every pass.</summary>
    internal Sound Decode(EncodedSound file)
    {
        var sound = Resampling.Run(Sound.Decode(file.File), Rate);
        return Quiet is { } decibels ? Silence.Trim(sound, decibels) : sound;
    }

    internal float[] Run(Sound sound, Pass pass, int number, MelSpectrogram? mel)
    {
        var samples = sound.Samples;
        if (Fastest > 0 && pass.IsTraining)
        {
            const int Same = 100; // hundredths, so that few filters are made
            var most = (int)Math.Round(Fastest * Same);
            var played = Same - most + pass.Random(number, "speed").Next(2 * most + 1);
            samples = Resampling.Run(sound with { Rate = played }, Same).Samples;
        }
        if (Duration is { } seconds)
        {
            var wanted = Math.Max(1, (int)Math.Round(seconds * Rate));
            var spare = samples.Length - wanted;
            var begin = spare <= 0 ? 0 : pass.IsTraining ? pass.Random(number, "seconds").Next(spare + 1) : spare / 2;
            var part = new float[wanted];
            Array.Copy(samples, begin, part, 0, Math.Min(wanted, samples.Length));
            samples = part;
        }
        if (Quietest < 1 && pass.IsTraining)
        {
            var factor = (float)Math.Exp(-Math.Log(Quietest) * (2 * pass.Random(number, "gain").NextDouble() - 1));
            samples = Array.ConvertAll(samples, s => s * factor);
        }
        return mel is null ? samples : mel.Of(samples);
    }
}
