using System.Globalization;

namespace Interactive.Training;

/// <summary>
/// Who is slow: a rank that takes more than 1/0.7 of the fastest one's time three windows in a row is named, with its host and with what
/// takes so long, and again once it has caught up.
/// </summary>
/// <param name="hosts">The host of each rank.</param>
internal sealed class Stragglers(IReadOnlyList<string> hosts)
{
    private const int Patience = 3;
    private const double Slow = 0.7;
    private readonly int[] slow = new int[hosts.Count];

    /// <summary>A rank's medians over a window, in seconds a step: all that it did itself, and waiting for data in it.</summary>
    public readonly record struct Times(double Own, double Data);

    /// <summary>What there is to say of a window, a line each.</summary>
    public IReadOnlyList<string> Compare(Times[] times)
    {
        var lines = new List<string>();
        var fastest = times.MinBy(t => t.Own);
        for (var rank = 0; rank < times.Length; rank++)
        {
            var isSlow = fastest.Own < Slow * times[rank].Own;
            if (isSlow && ++slow[rank] == Patience) lines.Add(Text(rank, times[rank], fastest));
            if (isSlow) continue;
            if (slow[rank] >= Patience) lines.Add($"rank {rank} on {hosts[rank]} has caught up");
            slow[rank] = 0;
        }
        return lines;
    }

    private string Text(int rank, Times times, Times fastest)
    {
        var phase = times.Data - fastest.Data > (times.Own - fastest.Own) / 2 ? "waiting for data" : "computing";
        return string.Create(CultureInfo.InvariantCulture, $"rank {rank} on {hosts[rank]} holds the others up: {times.Own * 1e3:0.0} ms a step of its own, the fastest rank {fastest.Own * 1e3:0.0} ms; most of the difference is {phase}");
    }
}
