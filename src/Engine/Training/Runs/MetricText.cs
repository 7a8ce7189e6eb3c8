using System.Globalization;

namespace Interactive.Training;

/// <summary>A metric for people.</summary>
public static class MetricText
{
    /// <summary>
    /// Two spaces, its name with spaces, and its value: a share in percent, anything else with six digits.
    /// </summary>
    public static string Of(KeyValuePair<string, double> metric)
        => string.Create(CultureInfo.InvariantCulture,
        $"  test {metric.Key.Replace('_', ' ')} {Value(metric.Key, metric.Value)}");

    /// <summary>Accuracy and top-k in percent, anything else with five digits.</summary>
    public static string Value(string name, double value)
        => name == "accuracy" || name.StartsWith("top", StringComparison.Ordinal)
        ? value.ToString("P2", CultureInfo.InvariantCulture) : value.ToString("G5", CultureInfo.InvariantCulture);
}
