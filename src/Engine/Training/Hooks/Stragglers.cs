using System.Globalization;

namespace Interactive.Training;

/// <summary>
/// Who is slow: a rank that takes more than 1/0.7 of the fastest one's time, and 2 ms more, three windows in a row is
/// named, with its host and with what takes so long, and again once it has kept up for three. Less than 2 ms is what
/// a busy system takes from whom it likes.
/// </summary>
/// <param name="hosts">The host of each rank.</param>
internal sealed class Stragglers(IReadOnlyList<string> hosts)
{
    private const int Patience = 3;
    private const double Slow = 0.7, Least = 2e-3;
    private readonly (bool IsNamed, int Windows)[] seen = new (bool, int)[hosts.Count]; // in a row that say otherwise

    /// <summary>
    /// A rank's medians over a window, in seconds a step: all that it did itself, waiting for data in it, and waiting for other ranks.
    /// </summary>
    public readonly record struct Times(double Own, double Data, double Wait = 0);

    /// <summary>What there is to say of a window, a line each.</summary>
    public IReadOnlyList<string> Compare(Times[] times)
    {
        var lines = new List<string>();
        var fastest = times.MinBy(t => t.Own);
        for (var rank = 0; rank < times.Length; rank++)
        {
            var (isNamed, windows) = seen[rank];
            var isSlow = fastest.Own < Slow * times[rank].Own && fastest.Own + Least < times[rank].Own;
            seen[rank] = isSlow == isNamed ? (isNamed, 0) : windows + 1 < Patience ? (isNamed, windows + 1) : (isSlow, 0);
            if (seen[rank].IsNamed == isNamed) continue;
            lines.Add(isSlow ? Text(rank, times[rank], fastest) : $"rank {rank} on {hosts[rank]} has caught up");
        }
        return lines;
    }

    private string Text(int rank, Times times, Times fastest)
    {
        var phase = times.Data - fastest.Data > (times.Own - fastest.Own) / 2 ? "waiting for data" : "computing";
        return string.Create(CultureInfo.InvariantCulture, $"rank {rank} on {hosts[rank]} holds the others up: {times.Own * 1e3:0.0} ms a step of its own, the fastest rank {fastest.Own * 1e3:0.0} ms; most of the difference is {phase}");
    }
}
