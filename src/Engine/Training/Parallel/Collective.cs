using System.Runtime.InteropServices;
using Interactive.Collectives;

namespace Interactive.Training;

/// <summary>Numbers over all ranks.</summary>
internal static class Collective
{
    /// <summary>The mean, added in rank order on every rank, so that all get the same bits.</summary>
    public static double Mean(ICommunicator world, double value)
        => world.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in value)))
        .Sum(part => MemoryMarshal.Read<double>(part)) / world.Size;
}
