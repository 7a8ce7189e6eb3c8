namespace Interactive.Training;

/// <summary>
/// Schedules, with the numbers of <c>torch.optim.lr_scheduler</c> for the same settings. <c>warmUp</c> is the share of
/// the run, 0 to 1, that rises linearly to the peak; the schedule itself begins after it, as in PyTorch's
/// <c>SequentialLR</c>.
/// </summary>
public static class Schedules
{
    private static readonly Dictionary<string, Func<double, double, LearningRate>> Makers = new()
    {
        ["constant"] = Constant,
        ["cosine"] = (peak, warmUp) => Cosine(peak, warmUp),
        ["restarts"] = (peak, warmUp)
            => Warm(warmUp, (step, total) => CosineWithRestarts(peak, Math.Max(1, (total + 3) / 4))(step, total)),
        ["linear"] = (peak, warmUp) => Polynomial(peak, 1, warmUp),
        ["polynomial"] = (peak, warmUp) => Polynomial(peak, 2, warmUp),
        ["exponential"] = (peak, warmUp) => Warm(warmUp, (step, total) => peak * Math.Pow(0.01, (double)step / total)),
        ["step"] = (peak, warmUp) => Step(peak, warmUp),
        ["onecycle"] = (peak, _) => OneCycle(peak),
        ["plateau"] = (peak, warmUp) => new OnPlateau(peak, warmUp: warmUp).At,
    };

    /// <summary>All names that <c>--schedule</c> takes.</summary>
    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>
    /// The schedule of this name: constant; cosine; restarts (four cosines); linear and polynomial (of power 2) to
    /// zero; exponential to a hundredth; step (a tenth at half and three quarters); onecycle; plateau (a tenth where
    /// the evaluation's loss has not fallen for ten evaluations).
    /// </summary>
    /// <exception cref="UsageException">No such schedule, or a warm-up out of range.</exception>
    public static LearningRate Create(string name, double peak, double warmUp)
        => Makers.TryGetValue(name, out var make) ? make(peak, warmUp)
            : throw new UsageException($"unknown schedule '{name}': choose {string.Join(", ", Names.SkipLast(1))} or {Names.Last()}");

    /// <summary>The peak all along.</summary>
    public static LearningRate Constant(double peak, double warmUp = 0) => Warm(warmUp, (_, _) => peak);

    /// <summary>
    /// Half a cosine from the peak to the least rate (Loshchilov and Hutter 2016): <c>CosineAnnealingLR</c>.
    /// </summary>
    public static LearningRate Cosine(double peak, double warmUp = 0, double least = 0)
        => Warm(warmUp, (step, total) => Between(peak, least, (double)step / total));

    /// <summary>
    /// Half cosines one after another, each beginning at the peak (Loshchilov and Hutter 2016):
    /// <c>CosineAnnealingWarmRestarts</c>.
    /// </summary>
    /// <param name="peak">Rate at the beginning of each.</param>
    /// <param name="first">Steps of the first.</param>
    /// <param name="growth">How many times as long each is as the one before; default 1.</param>
    /// <param name="least">Rate towards which each falls.</param>
    public static LearningRate CosineWithRestarts(double peak, long first, int growth = 1, double least = 0)
    {
        if (first < 1 || growth < 1) throw new UsageException($"cosine restarts need a first cycle of at least 1 step and a growth of at least 1, got {first} and {growth}");
        return (step, _) =>
        {
            var length = first;
            if (growth == 1) step %= length;
            else
                for (; step >= length; length *= growth) step -= length;
            return Between(peak, least, (double)step / length);
        };
    }

    /// <summary>
    /// From the peak to zero by a power of what remains of the run; 1 is a straight line: <c>PolynomialLR</c>.
    /// </summary>
    public static LearningRate Polynomial(double peak, double power, double warmUp = 0)
        => Warm(warmUp, (step, total) => peak * Math.Pow(1 - (double)Math.Min(step, total) / total, power));

    /// <summary>Times <paramref name="factor"/> after each step: <c>ExponentialLR</c>.</summary>
    public static LearningRate Exponential(double peak, double factor, double warmUp = 0)
        => Warm(warmUp, (step, _) => peak * Math.Pow(factor, step));

    /// <summary>
    /// A tenth of the rate before at each of these shares of the run; default half and three quarters.
    /// </summary>
    public static LearningRate Step(double peak, double warmUp = 0, params double[] at)
    {
        var milestones = at.Length > 0 ? at : [0.5, 0.75];
        return Warm(warmUp, (step, total) => peak * Math.Pow(0.1, milestones.Count(m => step >= StepsOf(m, total))));
    }

    /// <summary>Times <paramref name="factor"/> after every so many steps: <c>StepLR</c>.</summary>
    public static LearningRate StepEvery(double peak, long steps, double factor = 0.1)
        => steps >= 1 ? (step, _) => peak * Math.Pow(factor, step / steps)
        : throw new UsageException($"a step schedule falls after at least 1 step, got {steps}");

    /// <summary>Times <paramref name="factor"/> at each of these steps: <c>MultiStepLR</c>.</summary>
    public static LearningRate MultiStep(double peak, IReadOnlyCollection<long> at, double factor = 0.1)
        => (step, _) => peak * Math.Pow(factor, at.Count(milestone => step >= milestone));

    /// <summary>
    /// From a low rate up to the peak, then down to nearly zero, along cosines (Smith and Topin 2018):
    /// <c>OneCycleLR</c>.
    /// </summary>
    /// <param name="peak">The highest rate.</param>
    /// <param name="rise">Share of the run that rises; default 0.3.</param>
    /// <param name="startDivisor">The first rate is the peak by this; default 25.</param>
    /// <param name="endDivisor">The last rate is the first by this; default 10,000.</param>
    public static LearningRate OneCycle(double peak, double rise = 0.3, double startDivisor = 25,
        double endDivisor = 1e4) => (step, total) =>
    {
        var (start, top, end) = (peak / startDivisor, rise * total - 1, total - 1.0);
        if (step <= top) return top <= 0 ? peak : Between(start, peak, step / top);
        return Between(peak, start / endDivisor, end <= top ? 1 : (step - top) / (end - top));
    };

    /// <summary>
    /// Before a schedule, a linear rise to its first rate over so many steps: <c>SequentialLR</c> of <c>LinearLR</c>
    /// and the schedule.
    /// </summary>
    public static LearningRate WarmUp(long steps, LearningRate after) => (step, total)
        => step < steps ? after(0, Math.Max(1, total - steps)) * (step + 1) / (steps + 1)
        : after(step - steps, total - steps);

    private static LearningRate Warm(double share, LearningRate after)
    {
        if (share is not (>= 0 and < 1)) throw new UsageException(FormattableString.Invariant($"a warm-up is a share of the run in [0, 1), got {share}"));
        return share == 0 ? after : (step, total) => WarmUp((long)StepsOf(share, total), after)(step, total);
    }

    /// <summary>A share of the run in steps. 0.29 of 100 steps are 29, though their product in binary is less.</summary>
    internal static double StepsOf(double share, long total)
    {
        const double Rounding = 1e-12;
        var (steps, whole) = (share * total, Math.Round(share * total));
        return Math.Abs(steps - whole) <= Rounding * total ? whole : steps;
    }

    // Half a cosine.
    private static double Between(double from, double to, double share)
        => to + (from - to) * 0.5 * (1 + Math.Cos(Math.PI * share));
}
