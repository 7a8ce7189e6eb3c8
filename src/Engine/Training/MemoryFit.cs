using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// How a run fits into all the memory that a process is given: what is left for activations, into how many micro-batches a rank's share
/// of a batch is cut, whether optimiser state and gradients are divided among the ranks, and how many samples are evaluated at once.
/// </summary>
internal sealed record MemoryFit(int Accumulate, int Zero, long ActivationBytes, int EvaluationBatch, bool Measures, string Text)
{
    private const int Unsure = 6; // the share that is kept back where kernels' own bytes are not measured
    private const int Batches = 4; // that which is trained, two that have been read, and one that is being read

    /// <summary>Rank 0 decides for all. Collective.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="options">With a memory.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="isWhole">An optimiser or strategy was handed in: nothing is known of the one's state, and the other cuts batches by itself.</param>
    /// <param name="world">The ranks.</param>
    /// <exception cref="UsageException">The memory is none, or not enough for any plan; on every rank.</exception>
    public static MemoryFit Make(Graph graph, TrainerOptions options, IObjective objective, bool isWhole, ICommunicator world)
    {
        MemoryFit? fit = null;
        var text = "";
        if (world.Rank == 0)
            try
            {
                fit = new Search(graph, options, objective, isWhole, world.Size).Find();
                text = fit.Text;
            }
            catch (UsageException e) { text = e.Message; }
        long[] mine = fit is null ? [] : [fit.Accumulate, fit.Zero, fit.ActivationBytes, fit.EvaluationBatch, fit.Measures ? 1 : 0];
        var numbers = MemoryMarshal.Cast<byte, long>(world.AllGather(MemoryMarshal.AsBytes<long>(mine))[0]).ToArray();
        text = Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(text))[0]);
        return numbers.Length > 0 ? new((int)numbers[0], (int)numbers[1], numbers[2], (int)numbers[3], numbers[4] == 1, text) : throw new UsageException(text);
    }

    private sealed class Search
    {
        private readonly Graph graph, fused;
        private readonly TrainerOptions options;
        private readonly IObjective objective;
        private readonly int ranks, share; // share: samples of a rank in a step
        private readonly bool isWhole;
        private readonly MemoryLimit limit;
        private readonly long live, runtime, trained, state, batches;

        public Search(Graph graph, TrainerOptions options, IObjective objective, bool isWhole, int ranks)
        {
            (this.graph, this.options, this.objective, this.isWhole, this.ranks) = (graph, options, objective, isWhole, ranks);
            limit = MemoryLimit.Parse(options.Memory);
            fused = Fusion.Fuse(graph);
            share = Math.Max(1, options.BatchSize / ranks);
            live = MemoryMeter.Current.LiveBytes;
            runtime = MachineMemory.ResidentBytes - live - CpuAllocatorMeter.IdleBytes + MemoryLimit.Loading;
            trained = graph.parameters().Where(p => p.requires_grad).DistinctBy(p => p.Identity()).Sum(p => p.numel() * p.element_size());
            state = isWhole ? 2 * trained : (long)(trained * StateShare(options));
            batches = Batches * share * (graph.Inputs.Sum(v => v.Bytes(1)) + TargetBytes());
        }

        public MemoryFit Find()
        {
            foreach (var zero in Stages())
                foreach (var parts in Parts())
                    if (Fit(parts, zero) is { } fit) return fit;
            throw Refusal();
        }

        // First in more parts, which costs no communication, then divided among the ranks.
        private int[] Stages() => isWhole || ranks == 1 || options.ClipNorm > 0 || options.Zero == 2 ? [options.Zero] : [options.Zero, 2];

        private IEnumerable<int> Parts() => isWhole || options.Deterministic ? [options.Deterministic ? Math.Max(1, options.Shards / ranks) : options.Accumulate]
            : Enumerable.Range(options.Accumulate, Math.Max(1, share - options.Accumulate + 1)).Where(parts => share % parts == 0);

        // The heap may hold a sixteenth more than tensors take at most.
        private long Room(int zero)
            => (limit.Bytes - runtime) / 17 * 16 - live - batches - trained / (zero == 2 ? ranks : 1) - state / (zero > 0 ? ranks : 1);

        private MemoryFit? Fit(int parts, int zero)
        {
            var (room, micro) = (Room(zero), share / parts);
            if (room <= 0 || InferenceBytes.Peak(fused, micro) > room) return null;
            var all = room;
            var measures = InferenceBytes.OfProfile(fused, micro) <= room;
            var profile = measures ? Measured(micro) : null;
            measures = profile is not null;
            if (!measures) room -= room / Unsure;
            profile ??= AnalyticProfile.Of(fused, micro, objective.Traits(fused));
            if (PlannerList.Find("auto").Make(new PlanningGraph(fused, profile), room) is null) return null;
            var atOnce = InferenceBytes.LargestBatch(fused, room, options.EvaluationBatchSize > 0 ? options.EvaluationBatchSize : Math.Min(256, options.BatchSize));
            var text = $"memory {limit}: {ByteText.Of(runtime)} runtime, {ByteText.Of(limit.Bytes - runtime - all)} parameters, gradients, optimiser state, batches and heap, {ByteText.Of(room)} for activations"
                + (measures ? "" : "; planned from shapes alone, for measuring does not fit")
                + (parts > options.Accumulate && !options.Deterministic ? $"; the {share} samples of a step go through in {parts} parts (as --accumulate {parts})" : "")
                + (zero > options.Zero ? $"; gradients and optimiser state are divided among the ranks (as --zero {zero})" : "");
            return new(options.Deterministic || isWhole ? options.Accumulate : parts, zero, room, atOnce, measures, text);
        }

        // A kernel may ask for more than was foreseen: then shapes have to do.
        private Profile? Measured(int micro)
        {
            try { return ProfileCache.Get(graph, micro, objective); }
            catch (ExternalException e) when (AllocationFailure.Is(e)) { return null; }
        }

        private UsageException Refusal()
        {
            var (parts, zero) = (Parts().Last(), Stages()[^1]);
            var least = LeastBudget.Find(new PlanningGraph(fused, AnalyticProfile.Of(fused, share / parts, objective.Traits(fused)))).Prediction.PeakBytes;
            var needed = (least * Unsure / (Unsure - 1) - Room(zero)) / 16 * 17 + limit.Bytes + (1 << 20);
            return new($"--memory {limit} does not hold a step of {graph.Name}: at least {ByteText.Of(needed)} with {share / parts} sample{(share == parts ? "" : "s")} at a time ({ByteText.Of(runtime)} runtime, {ByteText.Of(live + trained + state + batches)} parameters, gradients, optimiser state and batches, {ByteText.Of(least)} activations); what helps: more memory, a smaller net or input, a smaller --batch-size{(ranks == 1 || zero == 2 ? "" : ", --zero 2")}{(state > trained ? ", --optimizer sgd" : "")}");
        }

        private long TargetBytes()
        {
            using var scope = NewDisposeScope();
            return objective.SyntheticTargets(graph.Outputs, 1).Sum(t => t.numel() * t.element_size());
        }

        // Of the parameters' bytes: an optimiser of the same kind tells, after a step of a small parameter.
        private static double StateShare(TrainerOptions options)
        {
            using var optimizer = OptimizerList.Create(options.Optimizer, options.Momentum, options.WeightDecay);
            using var parameter = new TorchSharp.Modules.Parameter(zeros(64, 64));
            using var gradient = zeros_like(parameter);
            optimizer.Begin();
            optimizer.Step("probe", parameter, gradient, 0);
            return optimizer.StateBytes / (double)(parameter.numel() * parameter.element_size());
        }
    }
}
