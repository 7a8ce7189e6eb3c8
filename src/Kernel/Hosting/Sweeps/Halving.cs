namespace Interactive.Kernel.Hosting.Sweeps;

/// <summary>
/// Asynchronous successive halving (Li et al., 2020), its variant that stops: after 1, eta, eta², … evaluations a trial
/// goes on only if it is among the best 1/eta of those that have come so far, itself included.
/// </summary>
internal sealed class Halving(int eta, bool higherIsBetter)
{
    private readonly Dictionary<int, List<double>> rungs = [];

    /// <summary>Notes a trial's value after so many evaluations.</summary>
    /// <returns>False when it is to stop.</returns>
    public bool GoesOn(int evaluations, double value)
    {
        if (!IsRung(evaluations)) return true;
        if (!rungs.TryGetValue(evaluations, out var values)) rungs[evaluations] = values = [];
        values.Add(value);
        if (!double.IsFinite(value)) return false;
        var kept = Math.Max(1, values.Count / eta);
        return values.Count(other => IsBetter(other, value)) < kept;
    }

    private bool IsRung(int evaluations)
    {
        var rung = 1;
        while (rung < evaluations) rung *= eta;
        return rung == evaluations;
    }

    private bool IsBetter(double a, double b) => double.IsFinite(a) && (higherIsBetter ? a > b : a < b);
}
