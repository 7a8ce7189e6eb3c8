using System.Globalization;
using Interactive.Graphs;
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

    /// <summary>What a process comes to hold besides tensors once it trains: code of kernels, compiled methods, the kernels' own buffers.</summary>
    internal const long Loading = 64 << 20;

    /// <summary>Bytes that this leaves for activations beside this process's runtime and <see cref="FixedBytes"/>; the heap may hold a sixteenth more than tensors take.</summary>
    /// <param name="graph">The model; shapes are enough.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <exception cref="UsageException">Nothing is left.</exception>
    public long ForActivations(Graph graph, long batch)
    {
        var runtime = MachineMemory.ResidentBytes - MemoryMeter.Current.LiveBytes + Loading;
        var rest = FixedBytes.Of(graph, batch) + 3 * graph.Inputs.Sum(v => v.Bytes(batch));
        return (Bytes - runtime) / 17 * 16 - rest is > 0 and var room ? room
            : throw new UsageException($"--memory {this} holds no activations of {graph.Name}: {ByteText.Of(runtime)} is the runtime's, {ByteText.Of(rest)} are parameters, gradients, optimiser state and batches");
    }

    /// <inheritdoc/>
    public override string ToString() => ByteText.Of(Bytes);

}
