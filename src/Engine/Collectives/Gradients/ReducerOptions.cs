namespace Interactive.Collectives;

/// <summary>How gradients are reduced during backward.</summary>
public sealed record ReducerOptions
{
    /// <summary>Least size of a bucket in bytes; default 4 MiB. A bucket holds whole gradients.</summary>
    public long BucketBytes { get; init; } = 4 << 20;

    /// <summary>Size of the first bucket in bytes, small so that communication starts early; default 1 MiB.</summary>
    public long FirstBucketBytes { get; init; } = 1 << 20;

    /// <summary>
    /// Reduce on a communication thread while backward runs; default true. Off, everything is reduced in Wait. Same
    /// bits.
    /// </summary>
    public bool Overlap { get; init; } = true;

    /// <summary>Divide the sums by the number of ranks; default true.</summary>
    public bool Average { get; init; } = true;

    /// <summary>
    /// Leave each rank the sums of its own part of every bucket only (<see cref="ICommunicator.Part"/>), and give the
    /// memory of the rest back to the system; default false. The sums follow the canonical order.
    /// </summary>
    public bool Scatter { get; init; }

    /// <summary>How buckets are summed; default: as the communicator sums.</summary>
    public AllReduceOptions? AllReduce { get; init; }

    internal ReducerOptions Validate() =>
        BucketBytes < 1 || FirstBucketBytes < 1 ? throw new UsageException($"bucket sizes {FirstBucketBytes} and {BucketBytes} bytes: at least 1 byte is needed") : this;
}
