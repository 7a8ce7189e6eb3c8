using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>Chooses where tensors live.</summary>
public static class Devices
{
    /// <summary>Overrides the choice where no argument does: <c>cpu</c>, <c>cuda</c> or <c>cuda:1</c>.</summary>
    public const string Variable = "INTERACTIVE_DEVICE";

    /// <summary>
    /// The named device; by default that of <see cref="Variable"/>, else a GPU where this build and machine have one (each
    /// rank of a host its own), else the CPU. GPU training has not been run by the authors.
    /// </summary>
    /// <exception cref="UsageException">The name is not a device, or the device is not there.</exception>
    public static Device Choose(string? name = null, int localRank = 0)
    {
        TorchLoader.EnsureLoaded();
        if (string.IsNullOrEmpty(name) || name == "auto") name = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(name) || name == "auto")
            return cuda.is_available() ? device(TorchSharp.DeviceType.CUDA, localRank % cuda.device_count()) : CPU;
        if (name == "cpu") return CPU;
        var index = name == "cuda" ? localRank : name.StartsWith("cuda:") && int.TryParse(name[5..], out var given) ? given : -1;
        if (index < 0) throw new UsageException($"unknown device '{name}': choose auto, cpu, cuda or cuda:N");
        if (!cuda.is_available()) throw new UsageException($"device '{name}' is not there: this is a CPU build or machine; build with -p:TorchBackend=cuda");
        if (index >= cuda.device_count()) throw new UsageException($"device '{name}' is not there: this machine has {cuda.device_count()} GPUs");
        return device(TorchSharp.DeviceType.CUDA, index);
    }
}
