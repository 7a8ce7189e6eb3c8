namespace Interactive.Data;

/// <summary>A sound of one channel.</summary>
/// <param name="Samples">From -1 to 1.</param>
/// <param name="Rate">Samples a second.</param>
public sealed record Sound(float[] Samples, int Rate)
{
    internal const long Most = 1L << 28; // samples of all channels: 51 minutes of stereo at 44.1 kHz

    /// <summary>Decodes a file: WAV (8, 16, 24 or 32 bits, or floating point) or Ogg Vorbis. Of several channels it is
    /// the mean.</summary>
    /// <exception cref="InvalidDataException">It is another kind of file, damaged or cut short.</exception>
    public static Sound Decode(ReadOnlyMemory<byte> file)
        => file.Span.StartsWith("RIFF"u8) ? WavFile.Decode(file.Span)
        : file.Span.StartsWith("OggS"u8) ? OggFile.Decode(file)
        : throw new InvalidDataException($"it is neither WAV nor Ogg Vorbis{(file.IsEmpty ? ": it is empty" : "")}");

    internal static Sound Mono(float[] samples, int channels, int rate)
    {
        if (samples.Length == 0) throw new InvalidDataException("it holds no sample");
        if (rate is < 100 or > 1_000_000)
            throw new InvalidDataException($"its header is damaged: {rate} samples a second");
        if (channels == 1) return new(samples, rate);
        var mono = new float[samples.Length / channels];
        for (var i = 0; i < mono.Length; i++)
        {
            var sum = 0f;
            for (var c = 0; c < channels; c++) sum += samples[i * channels + c];
            mono[i] = sum / channels;
        }
        return new(mono, rate);
    }
}
