using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The executor of what is trainable now, under the plan that the options' memory asks for. Made anew when other
/// parameters become trainable.
/// </summary>
/// <param name="graph">The net.</param>
/// <param name="options">Their budget, layout and arena count.</param>
/// <param name="schedule">The user's own, in place of a plan.</param>
/// <param name="memory">What a limit of the process leaves, where there is one.</param>
/// <param name="objective">What is minimised.</param>
/// <param name="trainable">The parameters.</param>
/// <param name="microBatch">Samples that run at once.</param>
/// <param name="world">The ranks, which plan alike.</param>
/// <param name="device">Where the net is.</param>
internal sealed class PlannedExecutor(Graph graph, TrainerOptions options, Schedule? schedule, MemoryFit? memory,
    IObjective objective, Trainable trainable, int microBatch, ICommunicator world, Device device) : IDisposable
{
    private readonly StepArena? arena = options.Arena ? ArenaOn(device) : null;
    private RankPlan? plan;
    private MemoryBudget? planned; // with the bytes of the net as it was at first

    /// <summary>From <see cref="Renew"/> on.</summary>
    public Executor Executor { get; private set; } = null!;

    /// <summary>What was planned, for people; null for no plan.</summary>
    public string? Description => plan?.Description;

    /// <summary>The plan step by step, on the rank that has made it; null for no plan.</summary>
    public PlanSheet? Sheet => plan?.Sheet;

    /// <summary>Bytes of activations and workspace that a step is said to take at most; null where nobody has said.</summary>
    public long? PeakBytes => (schedule ?? plan?.Schedule)?.PeakBytes;

    /// <summary>Plans and makes the executor. Collective. Gives the one before, which is the caller's then.</summary>
    /// <exception cref="UsageException">The user's schedule was made for other parameters, or no plan fits.</exception>
    public Executor? Renew()
    {
        var before = Executor;
        if (before is not null && schedule is not null) throw new UsageException($"other parameters of {graph.Name} want gradients now than when its schedule was made: train without a schedule of one's own, or change none");
        trainable.Note();
        plan = Budget() is { } budget && schedule is null && options.Layout.Length == 0
            ? RankPlan.Make(graph, budget, microBatch, world, objective,
            memory?.MayMeasure(graph, microBatch, trainable.Bytes) ?? true) : null;
        planned ??= plan?.Budget;
        Executor = new Executor(graph, schedule ?? plan?.Schedule, objective) { Arena = arena };
        return before;
    }

    /// <summary>What is told when the run has ended.</summary>
    /// <param name="activationPeak">Bytes, 0 where no step was made.</param>
    public IEnumerable<string> Told(long activationPeak)
    {
        if (plan is not null && activationPeak > 0)
            yield return FormattableString.Invariant($"{(memory is null ? $"memory budget {options.MemoryBudget}" : $"memory {options.Memory}")}: activations peaked at {ByteText.Of(activationPeak)}, measured");
        if (memory is not null) yield return $"memory {options.Memory}: the process held {ByteText.Of(MachineMemory.PeakResidentBytes)} at most";
        if (arena is not null)
            yield return FormattableString.Invariant($"arena: {ByteText.Of(arena.PackedBytes)} in one block, {arena.Hits} tensors of the last step served from it, {arena.Misses} not, {arena.Escapes} escaped");
    }

    private MemoryBudget? Budget()
        => memory is not null ? new(null, memory.Activations(trainable.Bytes))
        : options.MemoryBudget.IsNone ? default(MemoryBudget?) : planned ?? options.MemoryBudget;

    private static StepArena ArenaOn(Device device)
        => MemoryMeter.Current.IsExact && device.type == DeviceType.CPU ? new StepArena()
        : throw new UsageException($"--arena replaces libtorch's CPU allocator, which cannot be done {(device.type == DeviceType.CPU ? "with this libtorch" : $"on {device}")}");

    /// <inheritdoc/>
    public void Dispose()
    {
        Executor?.Dispose();
        arena?.Dispose();
    }
}
