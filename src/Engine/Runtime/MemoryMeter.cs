using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>Chooses the best meter that works in this process.</summary>
public static class MemoryMeter
{
    private static readonly Lazy<IMemoryMeter> Chosen = new(()
        => CpuAllocatorMeter.TryInstall() is { } exact ? exact : new MallocMeter());
    private static readonly ConcurrentDictionary<int, IMemoryMeter> Gpus = new();

    /// <summary>
    /// The process's meter of CPU tensors, installed on first use. Tensors made before that are not counted: ask for it
    /// early.
    /// </summary>
    public static IMemoryMeter Current
    {
        get
        {
            if (!TorchLoader.IsLoaded) TorchLoader.EnsureLoaded(); // which asks for the meter itself, at its end
            return Chosen.Value;
        }
    }

    /// <summary>The meter of a device's tensors.</summary>
    /// <exception cref="UsageException">This libtorch's CUDA allocator does not tell its bytes.</exception>
    public static IMemoryMeter For(Device device)
        => device.type == DeviceType.CUDA
        ? Gpus.GetOrAdd(Math.Max(0, device.index), static index => new CudaMeter(index)) : Current;
}
