namespace Interactive.Memory.Blocks;

/// <summary>Consecutive nodes of a planning graph, between two places that few values cross.</summary>
/// <param name="First">Number of its first node.</param>
/// <param name="End">Number after its last node.</param>
/// <param name="Inputs">Values made before it that it reads or that pass it by, those kept throughout left out; the
/// caller's input is not among them.</param>
/// <param name="Outputs">Values it hands on: made in it and read after it, those kept throughout left out.</param>
internal sealed record Block(int First, int End, int[] Inputs, int[] Outputs);
