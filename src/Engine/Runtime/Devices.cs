using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>Chooses where tensors live.</summary>
public static class Devices
{
    /// <summary>Overrides the choice where no argument does: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public const string Variable = "INTERACTIVE_DEVICE";

    /// <summary>
    /// The named device; by default that of <see cref="Variable"/>, else a GPU where this build and machine have one
    /// (each rank of a host its own, in turn), else the CPU. On a GPU, cuDNN is told to choose algorithms that give the
    /// same bits in every run.
    /// </summary>
    /// <exception cref="UsageException">The name is not a device, or the device is not there.</exception>
    public static Device Choose(string? name = null, int localRank = 0)
    {
        TorchLoader.EnsureLoaded();
        if (string.IsNullOrEmpty(name) || name == "auto") name = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(name) || name == "auto")
            return cuda.is_available() ? Gpu(localRank % cuda.device_count()) : CPU;
        if (name == "cpu") return CPU;
        var index = name == "cuda" ? localRank % Math.Max(1, cuda.device_count())
            : name.StartsWith("cuda:") && int.TryParse(name[5..], out var given) ? given : -1;
        if (index < 0) throw new UsageException($"unknown device '{name}': choose auto, cpu, cuda or cuda:N");
        if (!cuda.is_available()) throw new UsageException($"device '{name}' is not there: this is a CPU build or machine; set {TorchLoader.Variable} to the torch/lib folder of a PyTorch with CUDA, or build with -p:TorchBackend=cuda");
        if (index >= cuda.device_count())
            throw new UsageException($"device '{name}' is not there: this machine has {cuda.device_count()} GPUs");
        return Gpu(index);
    }

    /// <summary>
    /// Seeds the random generators of the CPU and of all GPUs; TorchSharp's <c>manual_seed</c> seeds the CPU's
    /// alone.
    /// </summary>
    public static void ManualSeed(long seed)
    {
        manual_seed(seed);
        if (cuda.is_available()) cuda.manual_seed_all(seed);
    }

    /// <summary>Where a module's parameters are; the CPU where it has none.</summary>
    public static Device Of(nn.Module module)
    {
        foreach (var parameter in module.parameters()) return parameter.device;
        return CPU;
    }

    /// <summary>Returns when all work given to the device is done; at once on the CPU.</summary>
    public static void Synchronize(Device device)
    {
        if (device.type == DeviceType.CUDA) cuda.synchronize(device);
    }

    /// <summary>
    /// True where cuDNN has been told; false where this libtorch does not export the switch. For a machine with a GPU.
    /// </summary>
    internal static bool IsReproducible => Reproducible.Value;

    private static Device Gpu(int index)
    {
        _ = Reproducible.Value; // told once, at the first GPU
        return device(DeviceType.CUDA, index);
    }

    // cuDNN's fastest algorithms for weight gradients add in the order in which threads arrive. TorchSharp has no such
    // switch.
    private static readonly unsafe Lazy<bool> Reproducible = new(() =>
    {
        if (!TorchLoader.TryGetExport("_ZN2at13globalContextEv", out var context)
            || !TorchLoader.TryGetExport("_ZN2at7Context21setDeterministicCuDNNEb", out var set)) return false;
        ((delegate* unmanaged<nint, byte, void>)set)(((delegate* unmanaged<nint>)context)(), 1);
        return true;
    });
}
