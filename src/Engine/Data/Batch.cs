using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>Samples as tensors. Whoever takes it disposes it.</summary>
/// <param name="Input">(batch, …) fp32.</param>
/// <param name="Target">(batch) int64 class numbers.</param>
public sealed record Batch(Tensor Input, Tensor Target) : IDisposable
{
    /// <summary>Number of samples.</summary>
    public int Count => (int)Input.shape[0];

    /// <summary>Reads samples, augmented when asked.</summary>
    public static Batch Read(IDataSource source, ReadOnlySpan<int> samples, Augmentation? augmentation = null, ulong seed = 0, int epoch = 0)
    {
        var size = (int)source.Shape.Elements;
        var pixels = new float[samples.Length * size];
        var labels = new long[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            var image = pixels.AsSpan(i * size, size);
            labels[i] = source.Read(samples[i], image);
            augmentation?.Apply(image, source.Shape, seed, epoch, samples[i]);
        }
        return new Batch(tensor(pixels, source.Shape.WithBatch(samples.Length)).DetachFromDisposeScope(), tensor(labels).DetachFromDisposeScope());
    }

    /// <summary>The same samples on a device; this batch goes with it.</summary>
    public Batch MoveTo(Device device)
    {
        if (device.type == Input.device.type && (device.type == TorchSharp.DeviceType.CPU || device.index == Input.device.index)) return this;
        using (this) return new Batch(Input.to(device).DetachFromDisposeScope(), Target.to(device).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Input.Dispose();
        Target.Dispose();
    }
}
