using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives;

namespace Interactive.Training;

/// <summary>What all ranks know before a step: how much it weighs, whether it is to be made, and whether one of them cannot.</summary>
/// <param name="Weight">Terms of the whole batch's loss.</param>
/// <param name="Stop">Why the run is to end, the gravest of all ranks' reasons.</param>
/// <param name="Saves">Whether the state is to be saved first.</param>
/// <param name="Error">What the first rank that cannot go on says, or null.</param>
internal readonly record struct Agreement(double Weight, StopKind Stop, bool Saves, string? Error)
{
    /// <summary>Puts together what each rank knows. Collective.</summary>
    public static Agreement Of(ICommunicator world, double weight, StopKind stop, string? error, bool saves = false)
    {
        if (world.Size == 1) return new(weight, stop, saves, error);
        byte[] mine = [.. MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in weight)), (byte)stop, saves ? (byte)1 : (byte)0, .. Encoding.UTF8.GetBytes(error ?? "")];
        var all = world.AllGather(mine);
        return new(all.Sum(part => MemoryMarshal.Read<double>(part)), (StopKind)all.Max(part => part[sizeof(double)]), all.Any(part => part[sizeof(double) + 1] != 0),
            all.Select(part => Encoding.UTF8.GetString(part.AsSpan(sizeof(double) + 2))).FirstOrDefault(text => text != ""));
    }

    /// <summary>Throws on every rank where one of them has an error. Collective.</summary>
    /// <exception cref="UsageException">The first rank's error.</exception>
    public static void Throw(ICommunicator world, string? error)
    {
        if (Of(world, 0, StopKind.None, error).Error is { } first) throw new UsageException(first);
    }
}
