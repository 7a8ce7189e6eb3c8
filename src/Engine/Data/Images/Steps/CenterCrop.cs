namespace Interactive.Data;

/// <summary>Cuts out the middle.</summary>
public static class CenterCropSteps
{
    /// <summary>A square of the middle; what a smaller picture lacks is black.</summary>
    public static ImagePipeline CenterCrop(this ImagePipeline pipeline, int size) => pipeline.CenterCrop(size, size);

    /// <summary>A rectangle of the middle.</summary>
    public static ImagePipeline CenterCrop(this ImagePipeline pipeline, int height, int width)
        => pipeline.Then(new CenterCrop(StepNumber.Positive("CenterCrop", height),
        StepNumber.Positive("CenterCrop", width)));
}

internal sealed class CenterCrop(int height, int width) : IImageStep
{
    public string? InEvaluation => height == width ? $"center-crop={height}" : null;

    public void Apply(ImageSample sample, CounterRandom random)
        => sample.Crop(Begin(sample.Width, width), Begin(sample.Height, height), width, height);

    // As torchvision rounds: halves to even where it cuts, down where it pads.
    private static int Begin(int from, int to) => from < to ? -((to - from) / 2) : (int)Math.Round((from - to) / 2.0);
}
