namespace Interactive.Data;

/// <summary>Changes drawn from a list.</summary>
public static class RandAugmentSteps
{
    /// <summary>RandAugment (Cubuk et al. 2020) with torchvision's list of 14 changes and their strengths.</summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="changes">Changes of each picture; default 2.</param>
    /// <param name="strength">0 to 30; default 9.</param>
    public static ImagePipeline RandAugment(this ImagePipeline pipeline, int changes = 2, int strength = 9)
        => pipeline.Then(new RandAugment(StepNumber.Positive("RandAugment", changes),
        (int)StepNumber.Within("RandAugment's strength", strength, 0, 30)));
}

internal sealed class RandAugment(int changes, int strength) : IImageStep
{
    private const double Most = 30;

    /// <summary>The changes: what a strength from 0 to 1 means, and whether its sign is random.</summary>
    private static readonly (bool IsSigned, Action<ImageSample, double> Change)[] list =
    [
        (false, (_, _) => { }),
        (true, (s, x) => Affine.Apply(s, AffineMatrix.Of(0, 0, 0, 0, 0, 1, Degrees(0.3 * x), 0))),
        (true, (s, x) => Affine.Apply(s, AffineMatrix.Of(0, 0, 0, 0, 0, 1, 0, Degrees(0.3 * x)))),
        (true,
            (s, x)
            => Affine.Apply(s,
            AffineMatrix.Of(s.Width * 0.5, s.Height * 0.5, 0, (int)(150.0 / 331 * s.Width * x), 0, 1, 0, 0))),
        (true,
            (s, x)
            => Affine.Apply(s,
            AffineMatrix.Of(s.Width * 0.5, s.Height * 0.5, 0, 0, (int)(150.0 / 331 * s.Height * x), 1, 0, 0))),
        (true, (s, x) => Affine.Apply(s, AffineMatrix.Of(s.Width * 0.5, s.Height * 0.5, -30 * x, 0, 0, 1, 0, 0))),
        (true, (s, x) => Colours.Brightness(s.Image, 1 + 0.9 * x)),
        (true, (s, x) => Colours.Saturation(s.Image, 1 + 0.9 * x)),
        (true, (s, x) => Colours.Contrast(s.Image, 1 + 0.9 * x)),
        (true, (s, x) => Colours.Sharpness(s.Image, 1 + 0.9 * x)),
        (false, (s, x) => Tones.Posterize(s.Image, 8 - (int)Math.Round(4 * x))),
        (false, (s, x) => Tones.Solarize(s.Image, 255 - 255 * x)),
        (false, (s, _) => Tones.AutoContrast(s.Image)),
        (false, (s, _) => Tones.Equalize(s.Image)),
    ];

    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining) return;
        for (var i = 0; i < changes; i++)
        {
            var (isSigned, change) = list[random.Next(list.Length)];
            var amount = strength / Most;
            change(sample, isSigned && random.Next(2) == 1 ? -amount : amount);
        }
    }

    private static double Degrees(double slope) => Math.Atan(slope) * 180 / Math.PI;
}
