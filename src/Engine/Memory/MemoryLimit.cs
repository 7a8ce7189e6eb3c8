using System.Globalization;
using Interactive.Graphs;
using Interactive.Runtime;

namespace Interactive.Memory;

/// <summary>
/// How many bytes a process may hold, everything included: parameters, gradients, optimiser state, batches,
/// activations, workspace, evaluation, and the runtime with its libraries.
/// </summary>
/// <param name="Bytes">Bytes.</param>
public readonly record struct MemoryLimit(long Bytes)
{
    /// <summary>
    /// Reads <c>4GiB</c>, <c>900MiB</c>, or <c>auto</c>: what the machine or the process's memory cgroup has to give
    /// now.
    /// </summary>
    /// <param name="text">The size.</param>
    /// <param name="processes">How many processes of this machine are given as much each; <c>auto</c> divides what
    /// there is by them. Default 1.</param>
    /// <exception cref="UsageException">The text is no size, has no unit, or is more than the machine has.</exception>
    public static MemoryLimit Parse(string text, int processes = 1)
    {
        if (text.Trim().Equals("auto", StringComparison.OrdinalIgnoreCase))
            return new(MachineMemory.ShareOf(processes));
        if (text.Contains('%'))
            throw new UsageException($"--memory {text}: a size such as 4GiB, or auto; shares are for --memory-budget");
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number < 1 << 20)
            throw new UsageException($"--memory {text}: {(number > 0 ? $"bytes would hold nothing; say {text}MiB, {text}GiB or auto" : "a size such as 4GiB, or auto")}");
        if (MemoryBudget.Parse(text).Bytes is not { } bytes)
            throw new UsageException($"--memory {text}: a size such as 4GiB, or auto");
        return bytes <= MachineMemory.LimitBytes / processes ? new(bytes)
            : throw new UsageException($"--memory {text}{(processes > 1 ? $" for each of {processes} ranks" : "")} is more than there is: {new MemoryLimit(MachineMemory.LimitBytes)} on this machine or in this memory cgroup");
    }

    /// <summary>
    /// What a process comes to hold besides tensors once it trains: code of kernels, compiled methods, the kernels' own
    /// buffers.
    /// </summary>
    internal const long Loading = 96 << 20;

    /// <summary>What this process holds besides tensors, with what it comes to hold.</summary>
    internal static long RuntimeBytes
        => MachineMemory.ResidentBytes - MemoryMeter.Current.LiveBytes - CpuAllocatorMeter.IdleBytes + Loading;

    /// <summary>
    /// Bytes of tensors that this leaves beside a runtime: the heap may hold a sixteenth more than tensors take at
    /// most.
    /// </summary>
    internal long Tensors(long runtime) => (Bytes - runtime) / 17 * 16;

    /// <summary>The least limit that leaves so many bytes of tensors.</summary>
    internal static MemoryLimit For(long tensors, long runtime) => new(runtime + (tensors / 16 + 1) * 17);

    /// <summary>
    /// Bytes that this leaves for activations beside this process's runtime and <see cref="FixedBytes"/>.
    /// </summary>
    /// <param name="graph">The model; shapes are enough.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <exception cref="UsageException">Nothing is left.</exception>
    public long ForActivations(Graph graph, long batch)
    {
        var runtime = RuntimeBytes;
        var rest = FixedBytes.Of(graph, batch) + 3 * graph.Inputs.Sum(v => v.Bytes(batch));
        return Tensors(runtime) - rest is > 0 and var room ? room
            : throw new UsageException($"--memory {this} holds no activations of {graph.Name}: {ByteText.Of(runtime)} is the runtime's, {ByteText.Of(rest)} are parameters, gradients, optimiser state and batches; more than {For(rest, runtime)} is needed, or a smaller net, input or batch");
    }

    /// <inheritdoc/>
    public override string ToString() => ByteText.Of(Bytes);
}
