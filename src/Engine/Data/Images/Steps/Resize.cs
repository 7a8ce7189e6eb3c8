namespace Interactive.Data;

/// <summary>Steps that bring pictures to a size, as torchvision does.</summary>
public static class ResizeSteps
{
    /// <summary>Brings the shorter side to a size and keeps the proportions.</summary>
    public static ImagePipeline Resize(this ImagePipeline pipeline, int shorter)
        => pipeline.Then(new Resize(StepNumber.Positive("Resize", shorter), null));

    /// <summary>Brings pictures to a size, whatever their proportions.</summary>
    public static ImagePipeline Resize(this ImagePipeline pipeline, int height, int width)
        => pipeline.Then(new Resize(StepNumber.Positive("Resize", height), StepNumber.Positive("Resize", width)));
}

internal sealed class Resize(int height, int? width) : IImageStep
{
    public string? InEvaluation => width is null ? $"resize={height}" : width == height ? $"square={height}" : null;

    public void Apply(ImageSample sample, CounterRandom random)
    {
        var (toWidth, toHeight) = width is { } given ? (given, height) : Shorter(sample.Width, sample.Height, height);
        sample.Resize(0, 0, sample.Width, sample.Height, toWidth, toHeight);
    }

    /// <summary>The size whose shorter side is that.</summary>
    public static (int Width, int Height) Shorter(int width, int height, int shorter)
        => width <= height ? (shorter, (int)((long)shorter * height / width))
        : ((int)((long)shorter * width / height), shorter);
}
