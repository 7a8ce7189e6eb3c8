using System.Globalization;
using Interactive.Runtime;

namespace Interactive.Memory;

/// <summary>
/// How many bytes a process may hold, everything included: parameters, gradients, optimiser state, batches, activations, workspace,
/// evaluation, and the runtime with its libraries.
/// </summary>
/// <param name="Bytes">Bytes.</param>
public readonly record struct MemoryLimit(long Bytes)
{
    /// <summary>Reads <c>4GiB</c>, <c>900MiB</c>, or <c>auto</c>: what the machine or the process's memory cgroup has to give now.</summary>
    /// <exception cref="UsageException">The text is no size, has no unit, or is more than the machine has.</exception>
    public static MemoryLimit Parse(string text)
    {
        if (text.Trim().Equals("auto", StringComparison.OrdinalIgnoreCase)) return new(MachineMemory.AvailableBytes);
        if (text.Contains('%')) throw new UsageException($"--memory {text}: a size such as 4GiB, or auto; shares are for --memory-budget");
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number < 1 << 20)
            throw new UsageException($"--memory {text}: bytes would hold nothing; say {text}MiB, {text}GiB or auto");
        if (MemoryBudget.Parse(text).Bytes is not { } bytes) throw new UsageException($"--memory {text}: a size such as 4GiB, or auto");
        return bytes <= MachineMemory.LimitBytes ? new(bytes)
            : throw new UsageException($"--memory {text} is more than there is: {new MemoryLimit(MachineMemory.LimitBytes)} on this machine or in this memory cgroup");
    }

    /// <inheritdoc/>
    public override string ToString() => Text(Bytes);

    /// <summary>Bytes as <c>1.5 GiB</c> or <c>900.0 MiB</c>.</summary>
    internal static string Text(long bytes)
        => string.Create(CultureInfo.InvariantCulture, $"{(bytes >= 1L << 30 ? bytes / (double)(1L << 30) : bytes / 1048576.0):F1} {(bytes >= 1L << 30 ? "GiB" : "MiB")}");
}
