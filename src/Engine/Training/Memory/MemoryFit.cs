using System.Runtime.InteropServices;
using System.Text;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// How a run fits into all the memory that a process is given: what is left for activations, into how many
/// micro-batches a rank's share of a batch is cut, whether optimiser state and gradients are divided among the ranks,
/// and how many samples are evaluated at once.
/// </summary>
internal sealed record MemoryFit(int Accumulate, int Zero, long ActivationBytes, int EvaluationBatch, bool Measures,
    string Text, TrainedBytes Trained)
{
    /// <summary>
    /// Bytes for activations when parameters of so many bytes are trained: those that were frozen at first take their
    /// gradients and optimiser state of them.
    /// </summary>
    public long Activations(long trained)
        => Math.Max(1, ActivationBytes - Trained.More(Math.Max(0, trained - Trained.Gradients)));

    /// <summary>
    /// Whether a profile can be measured: at first in the place of what is not there yet, later beside it.
    /// </summary>
    public bool MayMeasure(Graph graph, long batch, long trained)
        => Measures
        && (trained <= Trained.Gradients
        || InferenceBytes.OfProfile(Fusion.Fuse(graph), batch) <= Activations(trained));

    /// <summary>What is trained, and what nobody can know of it.</summary>
    /// <param name="Graph">The model.</param>
    /// <param name="Options">With a memory.</param>
    /// <param name="Objective">What is minimised.</param>
    /// <param name="IsWhole">An optimiser or strategy was handed in: nothing is known of the one's state, and the other
    /// cuts batches by itself.</param>
    /// <param name="IsAveraged">A moving average of the parameters is kept.</param>
    /// <param name="Promised">Bytes that others of the process will come to hold: nets that were planned
    /// before.</param>
    public sealed record Run(Graph Graph, TrainerOptions Options, IObjective Objective, bool IsWhole,
        bool IsAveraged = false, long Promised = 0);

    /// <exception cref="UsageException">The device's memory is not the machine's.</exception>
    public static void RequireCpu(TrainerOptions options, TorchSharp.torch.Device device)
    {
        if (device.type != TorchSharp.DeviceType.CPU)
            throw new UsageException($"--memory {options.Memory} counts the machine's memory, not {device}'s: use --memory-budget there");
    }

    /// <summary>Rank 0 decides for all, by the rank with the least memory. Collective.</summary>
    /// <exception cref="UsageException">The memory is none, or not enough for any plan; on every rank.</exception>
    public static MemoryFit Make(Run run, ICommunicator world)
    {
        var (limit, runtime, live) = (default(MemoryLimit), MemoryLimit.RuntimeBytes, MemoryMeter.Current.LiveBytes);
        string? error = null;
        try
        {
            limit = MemoryLimit.Parse(run.Options.Memory,
            world.Hosts.Count(host => host == world.Hosts[world.Rank]));
        }
        catch (UsageException e) { error = e.Message; }
        Agreement.Throw(world, error);
        long[] own = [limit.Tensors(runtime) - live - run.Promised];
        var free = world.AllGather(MemoryMarshal.AsBytes<long>(own)).Min(bytes => MemoryMarshal.Read<long>(bytes));

        var trained = new TrainedBytes(run.Graph, run.Options, run.Objective, run.IsWhole, run.IsAveraged, world.Size);
        MemoryFit? fit = null;
        var text = "";
        if (world.Rank == 0)
            try
            {
                fit = new Search(run, trained, world.Size, limit, runtime, free).Find();
                text = fit.Text;
            }
            catch (UsageException e) { text = e.Message; }
        long[] mine = fit is null ? []
            : [fit.Accumulate, fit.Zero, fit.ActivationBytes, fit.EvaluationBatch, fit.Measures ? 1 : 0];
        var numbers = MemoryMarshal.Cast<byte, long>(world.AllGather(MemoryMarshal.AsBytes<long>(mine))[0]).ToArray();
        text = Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(text))[0]);
        return numbers.Length > 0
            ? new((int)numbers[0], (int)numbers[1], numbers[2], (int)numbers[3], numbers[4] == 1, text, trained)
            : throw new UsageException(text);
    }

    private sealed class Search
    {
        private readonly Run run;
        private readonly TrainerOptions options;
        private readonly Graph fused;
        private readonly int ranks, share, leastSamples; // share: samples of a rank in a step
        private readonly MemoryLimit limit;
        private readonly long runtime, free; // free: for tensors, on the rank that has the fewest
        private readonly TrainedBytes trained;

        public Search(Run run, TrainedBytes trained, int ranks, MemoryLimit limit, long runtime, long free)
        {
            (this.run, options, this.trained, this.ranks, this.limit, this.runtime, this.free) = (run, run.Options,
                trained, ranks, limit, runtime, free);
            fused = Fusion.Fuse(run.Graph);
            share = Math.Max(1, options.BatchSize / ranks);
            leastSamples = fused.Nodes.Max(n => n.Op.LeastSamples(n, n.Op.IsTraining(net: true)));
        }

        public MemoryFit Find()
        {
            foreach (var zero in Stages())
                foreach (var parts in Parts())
                    if (Fit(parts, zero) is { } fit) return fit;
            throw Refusal();
        }

        // First in more parts, which costs no communication, then divided among the ranks.
        private int[] Stages()
            => run.IsWhole || ranks == 1 || options.ClipNorm > 0 || options.LogGradientNorm || options.Zero >= 2
            ? [options.Zero] : [options.Zero, 2];

        private IEnumerable<int> Parts()
            => run.IsWhole || options.Deterministic
            ? [options.Deterministic ? Math.Max(1, options.Shards / ranks) : options.Accumulate]
            : Enumerable.Range(options.Accumulate, Math.Max(1, share - options.Accumulate + 1))
            .Where(parts => share % parts == 0 && (parts == options.Accumulate || share / parts >= leastSamples));

        private long Room(int parts, int zero) => free - trained.Batches(share, parts) - trained.Held(zero, ranks);

        private MemoryFit? Fit(int parts, int zero)
        {
            var (room, micro) = (Room(parts, zero), share / parts);
            if (room < Math.Max(trained.Moment, InferenceBytes.Peak(fused, micro))) return null;
            var profile = Measured(micro);
            if (PlannerList.Find("auto").Make(new PlanningGraph(fused, profile ?? Shapes(micro)), room) is null)
                return null;
            var atOnce = InferenceBytes.LargestBatch(fused, room,
                options.EvaluationBatchSize > 0 ? options.EvaluationBatchSize : Math.Min(256, options.BatchSize),
                trained.Sample);
            var text = $"memory {limit}: {ByteText.Of(runtime)} runtime, {ByteText.Of(limit.Bytes - runtime - room)} parameters, gradients, optimiser state, batches and heap, {ByteText.Of(room)} for activations"
                + (profile is not null ? "" : "; planned from shapes alone, for measuring does not fit")
                + (parts > options.Accumulate && !options.Deterministic
                    ? $"; the {share} samples of a step go through in {parts} parts (as --accumulate {parts})" : "")
                + (zero > options.Zero
                    ? $"; gradients and optimiser state are divided among the ranks (as --zero {zero})" : "");
            return new(options.Deterministic || run.IsWhole ? options.Accumulate : parts, zero, room, atOnce,
                profile is not null, text, trained);
        }

        // Gradients, optimiser state and batches are not there yet: measuring may take their place. A kernel may still
        // ask for more than was foreseen.
        private Profile? Measured(int micro)
        {
            if (InferenceBytes.OfProfile(fused, micro) > free) return null;
            try { return ProfileCache.Get(run.Graph, micro, run.Objective); }
            catch (OutOfMemoryException) { return null; }
        }

        private Profile Shapes(int micro) => AnalyticProfile.Cautious(fused, micro, run.Objective.Traits(fused));

        private UsageException Refusal()
        {
            var (parts, zero) = (Parts().Last(), Stages()[^1]);
            var micro = share / parts;
            var least = LeastBudget.Find(new PlanningGraph(fused, Measured(micro) ?? Shapes(micro)))
                .Prediction.PeakBytes;
            least = Math.Max(least, Math.Max(trained.Moment, InferenceBytes.Peak(fused, micro)));
            var needed = MemoryLimit.For(limit.Tensors(runtime) - Room(parts, zero) + least, runtime);
            return new($"--memory {limit} does not hold a step of {run.Graph.Name}: at least {ByteText.Of(needed.Bytes + (1 << 20))} with {micro} sample{(micro == 1 ? "" : "s")} at a time ({ByteText.Of(runtime)} runtime, {ByteText.Of(limit.Tensors(runtime) - Room(parts, zero))} parameters, gradients, optimiser state and batches, {ByteText.Of(least)} activations); what helps: more memory, a smaller net or input{(share > 1 ? ", a smaller --batch-size" : "")}{(ranks == 1 || zero >= 2 ? "" : ", --zero 2")}{(trained.State > trained.Gradients ? ", --optimizer sgd" : "")}{(trained.Average > 0 ? ", no --ema" : "")}");
        }
    }
}
