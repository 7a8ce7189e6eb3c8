namespace Interactive.Data;

/// <summary>Changes brightness, contrast, saturation and hue at random.</summary>
public static class ColorJitterSteps
{
    /// <summary>
    /// As torchvision's <c>ColorJitter</c>: each by a random factor, in random order, with Pillow's arithmetic.
    /// </summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="brightness">Factors from 1 - this to 1 + this; default 0 for none.</param>
    /// <param name="contrast">The same; default 0.</param>
    /// <param name="saturation">The same; default 0.</param>
    /// <param name="hue">Largest turn of the hue, 0 to 0.5 of the circle; default 0.</param>
    public static ImagePipeline ColorJitter(this ImagePipeline pipeline, double brightness = 0, double contrast = 0,
        double saturation = 0, double hue = 0)
        => pipeline.Then(new ColorJitter([StepNumber.Within("ColorJitter's brightness", brightness, 0, 100),
        StepNumber.Within("ColorJitter's contrast", contrast, 0, 100),
            StepNumber.Within("ColorJitter's saturation", saturation, 0, 100),
                StepNumber.Within("ColorJitter's hue", hue, 0, 0.5)]));
}

internal sealed class ColorJitter(double[] amounts) : IImageStep
{
    private const int Hue = 3;

    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining) return;
        var order = random.Permutation(amounts.Length);
        double Factor(int i)
            => i == Hue ? random.Uniform(-amounts[i], amounts[i])
            : random.Uniform(Math.Max(0, 1 - amounts[i]), 1 + amounts[i]);
        double[] factors = [Factor(0), Factor(1), Factor(2), Factor(Hue)];
        foreach (var i in order)
        {
            if (amounts[i] == 0) continue;
            var factor = factors[i];
            if (i == 0) Colours.Brightness(sample.Image, factor);
            else if (i == 1) Colours.Contrast(sample.Image, factor);
            else if (i == 2) Colours.Saturation(sample.Image, factor);
            else Colours.Hue(sample.Image, factor);
        }
    }
}
