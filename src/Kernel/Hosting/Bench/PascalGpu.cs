namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// How fast one NVIDIA Tesla P100 trains, so that a simulation can be held against Horovod's figures for 512 Pascal
/// GPUs: images a second in fp32 at 64 images, synthetic data, one GPU, as TensorFlow's own benchmarks of May 2017 give
/// them. Both used the program tf_cnn_benchmarks.
/// </summary>
internal static class PascalGpu
{
    /// <summary>Operations a second, about what it sustains in ResNet-50: an assumption for all other models.</summary>
    private const double Sustained = 5e12;

    private static readonly Dictionary<string,
        double> imagesPerSecond = new() { ["resnet50"] = 219, ["resnet152"] = 91.8, ["vgg16"] = 154 };

    /// <summary>Seconds of a training step, and whether they come from a published rate.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="batch">Images in a step.</param>
    /// <param name="operations">Operations in a step.</param>
    public static (double Seconds, bool IsPublished) Step(string model, int batch, double operations) =>
        imagesPerSecond.TryGetValue(model, out var rate) ? (batch / rate, true) : (operations / Sustained, false);
}
