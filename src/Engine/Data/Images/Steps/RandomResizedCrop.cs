namespace Interactive.Data;

/// <summary>Cuts out a part of random size, proportions and place, and brings it to one size.</summary>
public static class RandomResizedCropSteps
{
    /// <summary>
    /// The usual crop for training on photos (Szegedy et al. 2015), drawn as torchvision draws it. In evaluation the
    /// customary one: the shorter side to 8/7 of the size, then the middle.
    /// </summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="leastArea">Least share of the picture's area; default 0.08.</param>
    /// <param name="exactPixels">Decode a large JPEG whole even where a half or a quarter of its size would do, for the
    /// very pixels of torchvision; default false.</param>
    public static ImagePipeline RandomResizedCrop(this ImagePipeline pipeline, int size, double leastArea = 0.08,
        bool exactPixels = false)
        => pipeline.Then(new RandomResizedCrop(StepNumber.Positive("RandomResizedCrop", size),
        StepNumber.Within("RandomResizedCrop's least area", leastArea, 1e-4, 1), !exactPixels));
}

internal sealed class RandomResizedCrop(int size, double leastArea, bool mayScale) : IImageStep
{
    private const double Narrowest = 3 / 4.0, Widest = 4 / 3.0;
    private const int Tries = 10;

    private readonly CenterCrop middle = new(size, size);

    public string? InEvaluation => $"random-resized-crop={size}";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        var (width, height) = (sample.Width, sample.Height);
        if (sample.IsTraining)
        {
            var (x, y, partWidth, partHeight) = Part(width, height, random);
            sample.Resize(x, y, partWidth, partHeight, size, size, mayScale);
            return;
        }
        var (toWidth, toHeight) = Resize.Shorter(width, height, (int)Math.Round(size * 8 / 7.0));
        sample.Resize(0, 0, width, height, toWidth, toHeight);
        middle.Apply(sample, random);
    }

    private (int X, int Y, int Width, int Height) Part(int width, int height, CounterRandom random)
    {
        for (var i = 0; i < Tries; i++)
        {
            var area = (double)width * height * random.Uniform(leastArea, 1);
            var ratio = Math.Exp(random.Uniform(Math.Log(Narrowest), Math.Log(Widest)));
            var (w, h) = ((int)Math.Round(Math.Sqrt(area * ratio)), (int)Math.Round(Math.Sqrt(area / ratio)));
            if (w < 1 || w > width || h < 1 || h > height) continue;
            var y = random.Next(height - h + 1);
            return (random.Next(width - w + 1), y, w, h);
        }
        var (cutWidth, cutHeight) = ((double)width / height) switch
        {
            < Narrowest => (width, Math.Min(height, (int)Math.Round(width / Narrowest))),
            > Widest => (Math.Min(width, (int)Math.Round(height * Widest)), height),
            _ => (width, height),
        };
        return ((width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight);
    }
}
