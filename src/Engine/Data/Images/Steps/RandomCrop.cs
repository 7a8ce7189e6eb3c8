namespace Interactive.Data;

/// <summary>Cuts out a part of one size at a random place.</summary>
public static class RandomCropSteps
{
    /// <summary>A square from a random place; the middle in evaluation.</summary>
    /// <param name="pipeline">The steps so far.</param>
    /// <param name="size">Pixels of a side.</param>
    /// <param name="padding">Black pixels added on each side before; default 0.</param>
    public static ImagePipeline RandomCrop(this ImagePipeline pipeline, int size, int padding = 0)
        => pipeline.Then(new RandomCrop(StepNumber.Positive("RandomCrop", size),
        padding >= 0 ? padding : throw new UsageException($"RandomCrop takes a padding of 0 or more, got {padding}")));
}

internal sealed class RandomCrop(int size, int padding) : IImageStep
{
    private readonly CenterCrop middle = new(size, size);

    public string? InEvaluation => middle.InEvaluation;

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (!sample.IsTraining)
        {
            middle.Apply(sample, random);
            return;
        }
        var (roomX, roomY) = (sample.Width + 2 * padding - size, sample.Height + 2 * padding - size);
        if (roomX < 0 || roomY < 0) throw new InvalidDataException($"RandomCrop({size}) is larger than the picture of {sample.Width}x{sample.Height} with a padding of {padding}");
        var (y, x) = (random.Next(roomY + 1), random.Next(roomX + 1));
        sample.Crop(x - padding, y - padding, size, size);
    }
}
