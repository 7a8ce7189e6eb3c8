namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// How fast one NVIDIA Tesla P100 trains, so that a simulation can be held against Horovod's figures for 512 Pascal GPUs: images a
/// second in fp32 at 64 images, synthetic data, one GPU, as TensorFlow's own benchmarks of May 2017 give them. Both used the
/// program tf_cnn_benchmarks.
/// </summary>
internal static class PascalRates
{
    private static readonly Dictionary<string, double> imagesPerSecond = new() { ["resnet50"] = 219, ["resnet152"] = 91.8, ["vgg16"] = 154 };

    /// <summary>Images that one GPU trains in a second.</summary>
    /// <exception cref="UsageException">None was published for this model.</exception>
    public static double Of(string model) => imagesPerSecond.TryGetValue(model, out var rate) ? rate
        : throw new UsageException($"--model {model}: its speed on a P100 is known for {string.Join(", ", imagesPerSecond.Keys)} only; give --tflops");
}
