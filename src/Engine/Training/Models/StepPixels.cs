using Interactive.Data;
using Interactive.Graphs;

namespace Interactive.Training;

/// <summary>The numbers of a picture of a file, prepared by the steps with which a net was evaluated.</summary>
internal static class StepPixels
{
    /// <summary>(channels, height, width) of the net's input.</summary>
    /// <exception cref="UsageException">The picture cannot be read, or does not come out in the net's
    /// shape.</exception>
    public static float[] Read(string path, string steps, Normalisation normalisation, Graph net)
    {
        if (steps == ImagePipeline.Own) throw new UsageException($"{net.Name} was evaluated on pictures that went through steps of your own: prepare the picture so and use Predict(tensor)");
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such picture");
        try
        {
            using var sample = new ImageSample(new EncodedImage(File.ReadAllBytes(path), Name: path), Pass.Evaluation,
                0);
            ImageSteps.Parse(steps).Run(sample);
            var (image, shape) = (sample.Image, net.Input.Shape);
            if (shape.Rank != 3 || (image.Channels, image.Height, image.Width) != (shape[0], shape[1], shape[2]))
                throw new UsageException($"{net.Name} takes {shape}, and {path} is {image.Channels}x{image.Height}x{image.Width} after {(steps.Length > 0 ? steps : "no step")}");
            var pixels = new float[shape.Elements];
            new PixelTable(normalisation, image.Channels).Write(image, pixels);
            return pixels;
        }
        catch (Exception e) when (e is InvalidDataException
            or IOException)
        { throw new UsageException($"{path} cannot be read: {e.Message.ReplaceLineEndings(" ")}"); }
    }
}
