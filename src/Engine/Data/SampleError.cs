namespace Interactive.Data;

/// <summary>What a data set throws, as one line that names the sample. A data set is the user's code and may throw anything.</summary>
internal static class SampleError
{
    /// <summary>False for what says it all already, and for what has nothing to do with a sample.</summary>
    public static bool IsOfSample(Exception e) => e is not (UsageException or OperationCanceledException or ThreadInterruptedException or OutOfMemoryException);

    /// <summary>The line.</summary>
    public static UsageException Of(int sample, string? origin, Exception e)
        => new($"{Name(sample, origin)} cannot be read: {Reason(e)}");

    /// <summary>Reads a batch of a source that is the user's code; where that throws, each sample is read alone to see which one it was.</summary>
    /// <exception cref="UsageException">One cannot be read, or only all together cannot; the message names them.</exception>
    public static Batch Read(IBatchSource source, ReadOnlySpan<int> samples, int? epoch, ulong seed)
    {
        try { return Given(source, samples, epoch, seed); }
        catch (Exception e) when (IsOfSample(e))
        {
            foreach (var sample in samples)
                try { Given(source, [sample], epoch, seed).Dispose(); }
                catch (Exception alone) when (IsOfSample(alone)) { throw Of(sample, source.Origin(sample), alone); }
            throw new UsageException($"samples {string.Join(", ", samples[..Math.Min(4, samples.Length)].ToArray())}{(samples.Length > 4 ? ", …" : "")} cannot be read in one batch: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static Batch Given(IBatchSource source, ReadOnlySpan<int> samples, int? epoch, ulong seed)
        => source.Read(samples, epoch, seed) ?? throw new InvalidDataException("the source gave no batch (null)");

    /// <summary>A sample's number with its file where that is known.</summary>
    public static string Name(int sample, string? origin) => string.IsNullOrEmpty(origin) ? $"sample {sample}" : $"sample {sample} ({origin})";

    // What TorchSharp says of a disposed tensor tells nobody whose it was.
    private static string Reason(Exception e)
        => e is InvalidOperationException && e.Message.Contains("empty handle")
            ? "it gives a tensor that is disposed: those that a data set makes for a sample go with its batch; one that it keeps needs DetachFromDisposeScope()"
            : $"{(e is InvalidDataException ? "" : $"{e.GetType().Name}: ")}{e.Message.ReplaceLineEndings(" ")}";
}
