using System.Globalization;

namespace Interactive.Data;

/// <summary>Checks the numbers of steps.</summary>
internal static class StepNumber
{
    public static int Positive(string step, int value)
        => value >= 1 ? value : throw new UsageException($"{step} takes sizes of at least 1, got {value}");

    public static double Share(string step, double value)
        => value is >= 0 and <= 1 ? value : throw new UsageException($"{step} takes a probability between 0 and 1, got {value.ToString(CultureInfo.InvariantCulture)}");

    public static double Within(string step, double value, double least, double most)
        => value >= least && value <= most ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture,
        $"{step} takes {least} to {most}, got {value}"));

    /// <summary>A number between two.</summary>
    public static double Uniform(this ref CounterRandom random, double from, double to)
        => from + (to - from) * random.NextDouble();
}
