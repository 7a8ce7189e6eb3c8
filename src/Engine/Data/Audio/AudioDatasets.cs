namespace Interactive.Data;

/// <summary>Sounds to batches.</summary>
public static class AudioDatasets
{
    /// <summary>Batches of sounds.</summary>
    /// <param name="source">Sounds as they lie in their files.</param>
    /// <param name="steps">What is done to each, such as <c>x => x.Resample(16000).Seconds(1).LogMel()</c>. In
    /// evaluation nothing is random.</param>
    /// <param name="cacheBytes">Bytes of decoded sounds that are kept in memory; default 256 MiB.</param>
    /// <exception cref="UsageException">There is no sound.</exception>
    public static AudioBatches Audio(this IDataset<EncodedSound> source, Func<AudioPipeline, AudioPipeline> steps,
        long cacheBytes = 256 << 20)
        => new(source, steps(new AudioPipeline()), cacheBytes);
}
