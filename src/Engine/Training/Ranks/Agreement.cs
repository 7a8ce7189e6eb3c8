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
    /// <summary>Puts together what each rank knows; unlike rates are an error. Collective.</summary>
    public static Agreement Of(ICommunicator world, double weight, StopKind stop, string? error, bool saves = false, double rate = 0)
    {
        if (world.Size == 1) return new(weight, stop, saves, error);
        const int Numbers = 2 * sizeof(double);
        byte[] mine = [.. MemoryMarshal.AsBytes<double>([weight, rate]), (byte)stop, saves ? (byte)1 : (byte)0, .. Encoding.UTF8.GetBytes(error ?? "")];
        var all = world.AllGather(mine);
        return new(all.Sum(part => MemoryMarshal.Read<double>(part)), (StopKind)all.Max(part => part[Numbers]), all.Any(part => part[Numbers + 1] != 0),
            all.Select(part => Encoding.UTF8.GetString(part.AsSpan(Numbers + 2))).FirstOrDefault(text => text != "") ?? OneRate([.. all.Select(part => MemoryMarshal.Read<double>(part.AsSpan(sizeof(double))))]));
    }

    /// <summary>What is wrong with a learning rate of a step, or null.</summary>
    public static string? Strange(double rate, long step) => rate is >= 0 and < double.PositiveInfinity ? null
        : FormattableString.Invariant($"the learning rate of step {step} is {rate}: it must be a number of at least 0");

    // A schedule of one's own may say something else on each rank: weights would part without a word.
    private static string? OneRate(double[] rates)
    {
        var other = Array.FindIndex(rates, rate => !rate.Equals(rates[0]));
        return other < 0 ? null : FormattableString.Invariant($"the learning rate is {rates[0]:R} on rank 0 and {rates[other]:R} on rank {other}: a schedule must say the same on every rank");
    }

    /// <summary>Throws on every rank where one of them has an error. Collective.</summary>
    /// <exception cref="UsageException">The first rank's error.</exception>
    public static void Throw(ICommunicator world, string? error)
    {
        if (Of(world, 0, StopKind.None, error).Error is { } first) throw new UsageException(first);
    }
}
