using System.Globalization;

namespace Interactive.Training;

/// <summary>What a classifier says of one sample.</summary>
/// <param name="Class">The likeliest class.</param>
/// <param name="Name">Its name; its number as text where the model has no names.</param>
/// <param name="Probability">Its probability.</param>
/// <param name="Probabilities">Those of all classes, in their order.</param>
public sealed record Prediction(int Class, string Name, double Probability, IReadOnlyList<double> Probabilities)
{
    /// <summary>As in <c>ankle boot 98.3 %</c>.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Name} {Probability * 100:F1} %");
}
