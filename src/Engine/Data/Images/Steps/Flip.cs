namespace Interactive.Data;

/// <summary>Mirrors pictures at random.</summary>
public static class FlipSteps
{
    /// <summary>Left to right.</summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="probability">Share of the pictures; default a half.</param>
    public static ImagePipeline Flip(this ImagePipeline pipeline, double probability = 0.5)
        => pipeline.Then(new Flip(StepNumber.Share("Flip", probability)));

    /// <summary>Upside down.</summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="probability">Share of the pictures; default a half.</param>
    public static ImagePipeline FlipUpsideDown(this ImagePipeline pipeline, double probability = 0.5)
        => pipeline.Then(new FlipUpsideDown(StepNumber.Share("FlipUpsideDown", probability)));
}

internal sealed class Flip(double probability) : IImageStep
{
    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining || random.NextDouble() >= probability) return;
        var width = sample.Width;
        Mirror(sample.Image);
        if (sample.Mask is { } mask) Mirror(mask);
        sample.Move(b => b with { Left = width - b.Right, Right = width - b.Left });
    }

    private static void Mirror(Image image)
    {
        for (var y = 0; y < image.Height; y++)
        {
            var row = image.Row(y);
            row.Reverse();
            if (image.Channels == 3) // the channels of each pixel are reversed too: back
                for (var i = 0; i < row.Length; i += 3) (row[i], row[i + 2]) = (row[i + 2], row[i]);
        }
    }
}

internal sealed class FlipUpsideDown(double probability) : IImageStep
{
    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining || random.NextDouble() >= probability) return;
        var height = sample.Height;
        Mirror(sample.Image);
        if (sample.Mask is { } mask) Mirror(mask);
        sample.Move(b => b with { Top = height - b.Bottom, Bottom = height - b.Top });
    }

    private static void Mirror(Image image)
    {
        var kept = new byte[image.Row(0).Length];
        for (var y = 0; y < image.Height / 2; y++)
        {
            var upper = image.Row(y);
            var lower = image.Row(image.Height - 1 - y);
            upper.CopyTo(kept);
            lower.CopyTo(upper);
            kept.CopyTo(lower);
        }
    }
}
