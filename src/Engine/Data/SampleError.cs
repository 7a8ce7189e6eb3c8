namespace Interactive.Data;

/// <summary>What a data set throws, as one line that names the sample. A data set is the user's code and may throw anything.</summary>
internal static class SampleError
{
    /// <summary>False for what says it all already, and for what has nothing to do with a sample.</summary>
    public static bool IsOfSample(Exception e) => e is not (UsageException or OperationCanceledException or ThreadInterruptedException or OutOfMemoryException);

    /// <summary>The line.</summary>
    public static UsageException Of(int sample, string? origin, Exception e)
        => new($"{Name(sample, origin)} cannot be read: {(e is InvalidDataException ? "" : $"{e.GetType().Name}: ")}{e.Message.ReplaceLineEndings(" ")}");

    /// <summary>A sample's number with its file where that is known.</summary>
    public static string Name(int sample, string? origin) => origin is null ? $"sample {sample}" : $"sample {sample} ({origin})";
}
