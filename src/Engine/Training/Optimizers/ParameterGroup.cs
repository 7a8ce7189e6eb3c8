using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A parameter and its dotted name in the model.</summary>
/// <param name="Name">Such as <c>layer1.0.conv1.weight</c>.</param>
/// <param name="Parameter">The whole parameter; not the caller's to dispose.</param>
public readonly record struct NamedParameter(string Name, Tensor Parameter);

/// <summary>
/// Parameters that are stepped with settings of their own. What a group leaves open is the optimiser's.
/// </summary>
/// <param name="Name">How messages and checkpoints call it: the pattern, or the text of the condition.</param>
/// <param name="Selects">Tells whether a parameter belongs to it.</param>
public sealed record ParameterGroup(string Name, Func<NamedParameter, bool> Selects)
{
    /// <summary>Factor on the schedule's learning rate; null leaves it. 0 holds the parameters still.</summary>
    public double? LearningRateScale { get; init; }
    /// <summary>Weight decay in place of the optimiser's.</summary>
    public double? WeightDecay { get; init; }
    /// <summary>Momentum, or the decay of the first moment, in place of the optimiser's.</summary>
    public double? Momentum { get; init; }

    /// <summary>The parameters whose whole name fits a pattern: <c>*</c> is any text, <c>?</c> one letter.</summary>
    public static ParameterGroup Of(string pattern)
    {
        var fits = new Regex($"^{Regex.Escape(pattern).Replace(@"\*", ".*").Replace(@"\?", ".")}$",
            RegexOptions.CultureInvariant);
        return new(pattern, parameter => fits.IsMatch(parameter.Name));
    }

    /// <summary>The names of the settings that it sets.</summary>
    internal IEnumerable<string> Settings
    {
        get
        {
            if (LearningRateScale is not null) yield return "learning-rate scale";
            if (WeightDecay is not null) yield return "weight decay";
            if (Momentum is not null) yield return "momentum";
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var values = new[] { LearningRateScale, WeightDecay, Momentum }.OfType<double>().Zip(Settings,
            (value, setting) => string.Create(CultureInfo.InvariantCulture, $"{setting} {value}"));
        return $"'{Name}': {string.Join(", ", values)}";
    }
}
