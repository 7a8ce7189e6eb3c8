using TorchSharp.Modules;

namespace Interactive.Collectives;

/// <summary>Where a parameter's gradient lies in a pool.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Start">First float.</param>
/// <param name="Count">Number of floats.</param>
/// <param name="Name">For messages.</param>
public readonly record struct PoolRange(Parameter Parameter, long Start, long Count, string Name);
