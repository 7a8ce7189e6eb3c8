namespace Interactive.Runtime;

/// <summary>
/// Which of the native features that go beyond TorchSharp's public interface work here. Each has a fallback.
/// </summary>
internal static class NativeFeatures
{
    /// <summary>Feature to whether it is live in this process. Loads libtorch.</summary>
    public static IReadOnlyDictionary<string, bool> Examine()
    {
        var features = new Dictionary<string, bool>
        {
            ["atenDispatcher"] = Aten.IsAvailable,
            ["exactMemoryMeter"] = MemoryMeter.Current.IsExact,
            ["bfloat16Units"] = Processor.HasBFloat16,
            ["errorsCaught"] = CaughtCalls.AreCaught,
            ["scalarsFreedLate"] = ScalarFrees.AreLate,
            ["errorsShort"] = ErrorTexts.AreShort,
            ["cacheSizesKnown"] = !HiddenCaches.AreHidden() || HiddenCaches.AreMended,
        };
        if (TorchSharp.torch.cuda.is_available())
        {
            features["reproducibleGpu"] = Devices.IsReproducible;
            features["gpuKernels"] = Kernels.CudaKernels.IsAvailable(0);
        }
        return features;
    }
}
