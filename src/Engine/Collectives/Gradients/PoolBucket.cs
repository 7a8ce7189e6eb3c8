namespace Interactive.Collectives;

/// <summary>Gradients of a pool that are reduced together.</summary>
/// <param name="Start">First float in the pool.</param>
/// <param name="Count">Number of floats, with the padding between gradients.</param>
/// <param name="Ranges">The gradients, whole ones.</param>
public readonly record struct PoolBucket(long Start, long Count, ArraySegment<PoolRange> Ranges);
