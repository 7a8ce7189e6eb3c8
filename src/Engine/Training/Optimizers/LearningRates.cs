namespace Interactive.Training;

/// <summary>A learning rate as a pure function of the step, so that resuming needs no state.</summary>
/// <param name="step">0 for the first step.</param>
/// <param name="total">Steps in the whole run.</param>
public delegate double LearningRate(long step, long total);

/// <summary>Schedules. <c>warmUp</c> is the share of the run, 0 to 1, that rises linearly to the peak.</summary>
public static class Schedules
{
    /// <summary>The schedule of this name.</summary>
    /// <exception cref="UsageException">No such schedule.</exception>
    public static LearningRate Create(string name, double peak, double warmUp) => name switch
    {
        "constant" => Constant(peak, warmUp),
        "cosine" => Cosine(peak, warmUp),
        "step" => Step(peak, warmUp),
        "onecycle" => OneCycle(peak),
        _ => throw new UsageException($"unknown schedule '{name}': choose constant, cosine, step or onecycle"),
    };

    /// <summary>The peak all along.</summary>
    public static LearningRate Constant(double peak, double warmUp = 0) => Warm(warmUp, (_, _) => peak);

    /// <summary>Half a cosine from the peak to zero (Loshchilov and Hutter 2016).</summary>
    public static LearningRate Cosine(double peak, double warmUp = 0)
        => Warm(warmUp, (step, total) => peak * 0.5 * (1 + Math.Cos(Math.PI * step / total)));

    /// <summary>A tenth of the rate before at each of these shares of the run.</summary>
    public static LearningRate Step(double peak, double warmUp = 0, params double[] at)
    {
        var milestones = at.Length > 0 ? at : [0.5, 0.75];
        return Warm(warmUp, (step, total) => peak * Math.Pow(0.1, milestones.Count(m => step >= m * total)));
    }

    /// <summary>From peak / 25 up to the peak in the first 30 %, then down to nearly zero, both along cosines (Smith 2018).</summary>
    public static LearningRate OneCycle(double peak, double rise = 0.3) => (step, total) =>
    {
        var top = rise * total;
        return step < top ? Between(peak / 25, peak, step / top) : Between(peak, peak / 1e4, (step - top) / (total - top));
        static double Between(double from, double to, double share) => to + (from - to) * 0.5 * (1 + Math.Cos(Math.PI * share));
    };

    private static LearningRate Warm(double share, LearningRate after) => (step, total) =>
    {
        var warm = (long)(share * total);
        return step < warm ? after(warm, total) * (step + 1) / (warm + 1) : after(step, total);
    };
}
