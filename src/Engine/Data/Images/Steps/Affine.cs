namespace Interactive.Data;

/// <summary>Turns, shifts, scales and shears pictures at random, by the nearest pixel.</summary>
public static class AffineSteps
{
    /// <summary>Turns by a random angle around the middle; what comes in is black.</summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="degrees">Largest angle to either side.</param>
    public static ImagePipeline Rotate(this ImagePipeline pipeline, double degrees) => pipeline.Affine(degrees);

    /// <summary>
    /// Turns, shifts, scales and shears around the middle, as torchvision's <c>RandomAffine</c>; what comes in is
    /// black.
    /// </summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="degrees">Largest angle to either side.</param>
    /// <param name="shift">Largest shift, as a share of the sides; default 0.</param>
    /// <param name="least">Least scale; default 1.</param>
    /// <param name="most">Largest scale; default 1.</param>
    /// <param name="shear">Largest angle by which upright lines lean; default 0.</param>
    public static ImagePipeline Affine(this ImagePipeline pipeline, double degrees, double shift = 0, double least = 1,
        double most = 1, double shear = 0)
        => pipeline.Then(new Affine(StepNumber.Within("Affine's degrees", degrees, 0, 180),
        StepNumber.Share("Affine's shift", shift),
            StepNumber.Within("Affine's least scale", least, 1e-3, most), most,
                StepNumber.Within("Affine's shear", shear, 0, 80)));
}

internal sealed class Affine(double degrees, double shift, double least, double most, double shear) : IImageStep
{
    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining) return;
        var (angle, x, y) = (random.Uniform(-degrees, degrees), random.Uniform(-shift, shift),
            random.Uniform(-shift, shift));
        var (scale, lean) = (random.Uniform(least, most), random.Uniform(-shear, shear));
        Apply(sample,
            AffineMatrix.Of(sample.Width * 0.5, sample.Height * 0.5, angle, Math.Round(x * sample.Width),
            Math.Round(y * sample.Height), scale, lean, 0));
    }

    /// <summary>Moves picture, mask and boxes.</summary>
    public static void Apply(ImageSample sample, AffineMatrix matrix)
    {
        sample.Image = AffineWarp.Run(sample.Image, matrix);
        if (sample.Mask is { } mask) sample.Mask = AffineWarp.Run(mask, matrix);
        var (width, height) = (sample.Width, sample.Height);
        sample.Move(b => matrix.Around(b, width, height));
    }
}
