namespace Interactive.Data;

/// <summary>Colours to grey.</summary>
public static class GrayscaleSteps
{
    /// <summary>One channel of luminance, as Pillow's <c>convert("L")</c> makes it.</summary>
    public static ImagePipeline Grayscale(this ImagePipeline pipeline) => pipeline.Then(new Grayscale());
}

internal sealed class Grayscale : IImageStep
{
    public string? InEvaluation => "grayscale";

    public void Apply(ImageSample sample, CounterRandom random)
    {
        if (sample.Image.Channels == 3) sample.Image = Of(sample.Image);
    }

    public static Image Of(Image image)
    {
        var grey = new Image(image.Width, image.Height, 1);
        var from = image.Pixels;
        var to = grey.Pixels;
        for (int i = 0, j = 0; i < to.Length; i++, j += 3) to[i] = Luminance(from[j], from[j + 1], from[j + 2]);
        return grey;
    }

    public static byte Luminance(int red, int green, int blue)
        => (byte)(red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16);
}
