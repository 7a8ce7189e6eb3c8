namespace Interactive.Data;

/// <summary>Covers a random rectangle.</summary>
public static class EraseSteps
{
    /// <summary>
    /// Random erasing (Zhong et al. 2017), drawn as torchvision draws it: a rectangle of 2 to 33 % of the area in
    /// ImageNet's mean colour.
    /// </summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="probability">Share of the pictures; default a half.</param>
    public static ImagePipeline Erase(this ImagePipeline pipeline, double probability = 0.5)
        => pipeline.Then(new Erase(StepNumber.Share("Erase", probability)));
}

internal sealed class Erase(double probability) : IImageStep
{
    private const int Tries = 10;
    private static readonly byte[] colour = [.. Normalisation.ImageNet.Mean.Select(m => (byte)Math.Round(255 * m))];

    public string? InEvaluation => "";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining || random.NextDouble() >= probability) return;
        var image = sample.Image;
        for (var i = 0; i < Tries; i++)
        {
            var area = image.Width * image.Height * random.Uniform(0.02, 0.33);
            var ratio = Math.Exp(random.Uniform(Math.Log(0.3), Math.Log(3.3)));
            var (height, width) = ((int)Math.Round(Math.Sqrt(area * ratio)), (int)Math.Round(Math.Sqrt(area / ratio)));
            if (width < 1 || height < 1 || width >= image.Width || height >= image.Height) continue;
            var (top, left) = (random.Next(image.Height - height + 1), random.Next(image.Width - width + 1));
            for (var y = top; y < top + height; y++)
            {
                var row = image.Row(y).Slice(left * image.Channels, width * image.Channels);
                for (var k = 0; k < row.Length; k++) row[k] = colour[k % image.Channels];
            }
            return;
        }
    }
}
