using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Graphs.Partition;
using Interactive.Layouts;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The model cut into stages, one or several a rank, through which a batch goes in micro-batches. Loss and gradients have the bits of one
/// rank that works off the same micro-batches under this strategy. Or one stage, in slices: with <c>shard=linear</c> ranks that divide the
/// batch have slices of linear layers, with <c>tensor</c> ranks that have the same samples have slices of layers.
/// </summary>
public sealed class PipelineParallel : IParallelStrategy, IDividesOptimizer
{
    private readonly string text, stageNames;
    private readonly long? memory;
    private readonly Graph? model;
    private readonly Layout? given;
    private Layout? layout;
    private LayoutPlan? plan;
    private StrategyContext context = null!;
    private ICommunicator? copies; // ranks with the same stages and slices
    private ICommunicator? neighbours; // ranks with the same samples and other slices
    private MessageLink? link;
    private StageRun[] chunks = [];
    private GradientPool? pool;
    private OverlappedReducer? reducer;
    private TiedUses? tied;
    private UnusedParameters? unused;
    private IObjective objective = null!; // of what a rank has of the outputs
    private bool learns; // from the micro-batch that runs: some label counts
    private RowExchange? rows; // where ranks have slices of layers
    private SlicedParameters? sliced;
    private GradientPool? own; // gradients of slices, which are complete on their rank
    private int[] numbers = []; // by node that is run: its number in the model, by which it draws
    private Dictionary<string, int> owners = []; // parameters and buffers, to the rank that counts
    private int batchSize;
    private long peak;

    /// <summary>With a layout as a text.</summary>
    /// <param name="layout">Parts of <c>data=2,pipe=2,order=1f1b,micro=8</c>, <c>data=2,tensor=2</c> or <c>data=2,shard=linear</c>, or <c>auto</c>.</param>
    /// <param name="stages">First layers of the stages from the second on, with commas between; empty to choose.</param>
    /// <param name="memory">Bytes that each rank may hold, as <c>--memory</c> takes them; null for no limit.</param>
    /// <param name="model">The model, where <c>auto</c> is to choose.</param>
    /// <exception cref="UsageException">The text is no layout.</exception>
    public PipelineParallel(string layout, string stages = "", string? memory = null, Graph? model = null)
    {
        (text, stageNames, this.model) = (layout, stages, model);
        this.memory = memory is null ? null : MemoryLimit.Parse(memory).Bytes;
        if (layout != "auto") Layout.Parse(layout, stages);
    }

    /// <summary>With a layout, whose order may be one of one's own.</summary>
    /// <param name="layout">What runs where.</param>
    /// <param name="memory">Bytes that each rank may hold, as <c>--memory</c> takes them; null for no limit.</param>
    /// <exception cref="UsageException"><paramref name="memory"/> is no number of bytes.</exception>
    public PipelineParallel(Layout layout, string? memory = null)
    {
        (given, text, stageNames) = (layout, layout.ToString(), "");
        this.memory = memory is null ? null : MemoryLimit.Parse(memory).Bytes;
    }

    /// <summary>Whether <c>auto</c> may choose slices of parameters: the optimiser steps each number by itself.</summary>
    internal bool MaySlice { get; init; } = true;

    // Before Setup: as plain cross-entropy.
    private bool DividesLoss => context is null || SlicedCrossEntropy.Divides(context.Executor.Objective, context.Graph.Outputs) is not null;

    /// <summary>What runs where, from Setup on.</summary>
    public LayoutPlan Plan => plan ?? throw new InvalidOperationException("Setup comes first");

    /// <summary>The most bytes that this rank's activations and messages held at once in a step, measured: of the step with the fewest.</summary>
    public long ActivationPeakBytes => peak;

    /// <summary>Bytes that this rank has sent to others with the same stages since Setup began.</summary>
    internal long SentBytes => ((copies as Communicator)?.SentBytes ?? 0) + ((neighbours as Communicator)?.SentBytes ?? 0);

    // Rank = (place in the pipeline x data + part of the batch) x tensor + slice.
    private int PlaceOf(int rank) => rank / (layout!.Data * layout.Tensor);
    private int PartOf(int rank) => rank / layout!.Tensor % layout.Data;
    private int SliceOf(int rank) => rank % layout!.Tensor;
    private int RankAt(int place, int part, int slice) => (place * layout!.Data + part) * layout.Tensor + slice;

    IDividedState? IDividesOptimizer.Shards => (IDividedState?)sliced ?? new StagedOptimizer(context.World, name => owners[name], IsMine);

    /// <inheritdoc/>
    public int MicroBatches(int batchSize, int ranks)
    {
        this.batchSize = batchSize;
        layout = text == "auto" ? Choose(ranks) : (given ?? Layout.Parse(text, stageNames)).Fitted(ranks, batchSize);
        return layout.Data * layout.Micro;
    }

    // The same on every rank: shapes alone decide.
    private Layout Choose(int ranks)
    {
        if (model is null) throw new UsageException("--layout auto needs the model: hand it to the strategy, or leave the strategy to the trainer");
        var search = new LayoutSearch(model) { DividesLoss = DividesLoss };
        return search.All(ranks, batchSize, memory).FirstOrDefault(plan => MaySlice || plan.Layout is { ShardsLinear: false, Tensor: 1 })?.Layout
            ?? throw new UsageException($"--memory {ByteText.Of(memory!.Value)}: no layout of {ranks} ranks holds {model.Name} with a batch of {batchSize}; about {ByteText.Of(search.LeastBytes(ranks, batchSize, memory.Value))} a rank would do");
    }

    /// <inheritdoc/>
    public bool RanksAreAlike => false;

    /// <inheritdoc/>
    public BatchShare Share(ICommunicator world) => layout is null ? throw new InvalidOperationException("MicroBatches comes first")
        : new(PartOf(world.Rank), layout.Data, PlaceOf(world.Rank) == 0 && SliceOf(world.Rank) == 0);

    /// <inheritdoc/>
    public string? Description => plan is null ? null : string.Create(CultureInfo.InvariantCulture,
        $"layout {plan.Layout}: {(sliced is null ? $"stages begin with {string.Join(", ", plan.Ranks.Select(r => r.First))}" : $"each rank has a slice of {string.Join(", ", sliced.Names)}")}\npredicted step {plan.StepSeconds * 1e3:F1} ms, of which ranks wait {plan.IdleShare * 100:F1} %\npredicted bytes of each stage's rank: {string.Join(", ", plan.Ranks.Select(r => $"{ByteText.Of(r.PeakBytes)} ({ByteText.Of(r.ActivationPeakBytes)} activations)"))}");

    /// <inheritdoc/>
    public void Setup(StrategyContext context)
    {
        if (context.Device.type != TorchSharp.DeviceType.CPU) throw new UsageException($"--layout works in CPU memory, not on {context.Device}");
        sliced?.Gather();
        Release();
        this.context = context;
        var (world, order) = (context.World, layout!.Order);
        var (me, part) = (PlaceOf(world.Rank), PartOf(world.Rank));
        copies = world.Split([.. Enumerable.Range(0, layout.Data).Select(d => RankAt(me, d, SliceOf(world.Rank)))]);
        neighbours = layout.Tensor > 1 ? world.Split([.. Enumerable.Range(0, layout.Tensor).Select(t => RankAt(me, part, t))]) : null;
        var partition = Partition();
        var graph = partition?.Graph ?? context.Graph;
        var fused = Fusion.Fuse(graph);
        objective = partition?.LossNumbers > 0 ? new SlicedCrossEntropy(SlicedCrossEntropy.Divides(context.Executor.Objective, context.Graph.Outputs)!, rows!, context.Graph.Outputs) : context.Executor.Objective;
        plan = new LayoutSearch(context.Graph, ProfileOf) { DividesLoss = DividesLoss }.Plan(layout, batchSize, memory);
        link = layout.Pipe > 1 ? world.Link() : null;
        var stages = plan.Stages.Select(s => s.Schedule.Stage).ToArray();
        var names = context.Graph.named_parameters().DistinctBy(p => p.parameter.Identity()).ToDictionary(p => p.parameter.Identity(), p => p.name);
        foreach (var (name, parameter) in context.Parameters) names[parameter.Identity()] = name;
        foreach (var slice in partition?.Slices ?? []) names[slice.Mine.Identity()] = NameOf(slice.Whole);
        string NameOf(Parameter parameter) => names.GetValueOrDefault(parameter.Identity(), "parameter");
        sliced = partition is null ? null : new SlicedParameters(rows!, partition.Slices, NameOf);
        var byName = Fusion.Fuse(context.Graph).Nodes.ToDictionary(n => n.Name, n => n.Id);
        numbers = [.. fused.Nodes.Select(n => byName.GetValueOrDefault(n.Name, -1))];
        RequireKnown(fused);
        var tensors = new StageTensors(fused, stages, Place);
        if (tensors.Torn is { } torn)
            throw new UsageException($"--layout {layout}: {torn.Moves.Name} and {torn.Reads.Name} share a buffer that a step moves ({context.Graph.named_buffers().FirstOrDefault(b => b.buffer.Identity() == torn.Buffer).name}), and lie on two ranks: cut elsewhere with --stages, or use no pipe");
        tied = new TiedUses(fused, stages, s => Place(s) == me, NameOf);
        chunks = [.. Enumerable.Range(0, order.Chunks).Select(c => order.Stage(me, c, layout.Pipe))
            .Select(s => new StageRun(graph, plan.Stages[s].Schedule, objective, s == stages.Length - 1, tied.Sums, RankOf(s - 1, stages.Length), RankOf(s + 1, stages.Length), world.Rank, link, s))];
        owners = context.Graph.named_parameters().Select(p => (p.name, Tensor: (Tensor)p.parameter)).Concat(context.Graph.named_buffers().Select(b => (b.name, Tensor: b.buffer)))
            .DistinctBy(p => p.name).ToDictionary(p => p.name, p => tensors.StageOf(p.Tensor) is { } stage ? RankAt(Place(stage), 0, 0) : 0);
        var stepped = chunks.SelectMany(c => c.Executor.BackwardOrder).DistinctBy(p => p.Identity()).Where(p => (tied.Owner(p) ?? -1) is var stage && (stage < 0 || Place(stage) == me))
            .ToLookup(p => layout.ShardsLinear && partition!.Slices.Any(s => s.Mine.Identity() == p.Identity()));
        pool = new GradientPool(stepped[false], null, NameOf);
        own = new GradientPool(stepped[true], null, NameOf);
        unused = new UnusedParameters(graph, chunks.Select(c => c.Executor), pool);
        foreach (var chunk in chunks)
            chunk.Executor.GradientReady += parameter =>
            {
                if (learns) unused.Ready(parameter);
            };
        reducer = new OverlappedReducer(copies, pool, new ReducerOptions { Overlap = false });
    }

    private PartitionedGraph? Partition()
    {
        if (!layout!.ShardsLinear && layout.Tensor == 1) return null;
        context.Optimizer.RequireElementWise($"--layout {layout}");
        return LayoutSearch.Partition(context.Graph, layout, batchSize, rows = new RowExchange(neighbours ?? copies!), DividesLoss);
    }

    // Each use of a parameter that has several adds to a tensor of its own, whether or not autograd has reached it.
    private void RequireKnown(Graph fused)
    {
        if (UnusedParameters.Of(fused).FirstOrDefault(uses => uses.Skip(1).Any()) is { } uses)
            throw new UsageException($"--layout {layout}: {string.Join(" and ", uses.Select(use => use.Node.Name))} share parameters, and could not be traced: whether a step uses these is not known; use no --layout");
    }

    // Measured on rank 0: seconds, bytes, and which ways to run backward in two parts have autograd's bits. From shapes where measuring does not fit.
    private Profile ProfileOf(Graph fused, long batch)
    {
        if (rows is not null) return AnalyticProfile.InTurn(fused, batch, objective.Traits(fused)); // no rank runs its part alone
        var mine = context.World.Rank == 0 && Profiler.Fits(context.Graph, batch) ? JsonSerializer.SerializeToUtf8Bytes(ProfileCache.Get(context.Graph, batch, objective)) : [];
        var first = context.World.AllGather(mine)[0];
        return first.Length > 0 ? JsonSerializer.Deserialize<Profile>(first)! : AnalyticProfile.Of(fused, batch, objective.Traits(fused));
    }

    private int Place(int stage)
    {
        for (var rank = 0; rank < layout!.Pipe; rank++)
            for (var chunk = 0; chunk < layout.Order.Chunks; chunk++)
                if (layout.Order.Stage(rank, chunk, layout.Pipe) == stage) return rank;
        return -1;
    }

    // The rank that runs a stage of this rank's copy of the model.
    private int RankOf(int stage, int stages) => stage < 0 || stage >= stages ? -1 : RankAt(Place(stage), PartOf(context.World.Rank), SliceOf(context.World.Rank));

    private bool IsMine(string parameter) => owners.TryGetValue(parameter, out var owner) && PlaceOf(owner) == PlaceOf(context.World.Rank);

    /// <inheritdoc/>
    public double Backward(IReadOnlyList<Batch> batches, StepWeights weights, long step)
    {
        sliced?.Slice();
        pool!.Zero();
        own!.Zero();
        tied!.Zero();
        var live = MemoryMeter.Current;
        live.ResetPeak();
        var before = live.LiveBytes;
        var factors = Enumerable.Range(0, batches.Count).Select(weights.Factor).ToArray();
        var (me, part) = (PlaceOf(context.World.Rank), PartOf(context.World.Rank));
        var actions = layout!.Order.Actions(me, layout.Pipe, batches.Count).Where(a => factors[a.Micro] != 0 || layout.ShardsLinear).ToArray(); // no label counts: the mean of nothing
        long Seed(int data, int micro, int node) => (long)(new CounterRandom(context.Seed, (ulong)((step * layout.Data + data) * batches.Count + micro)).Next() ^ (ulong)(node + 1) * 0x9E3779B97F4A7C15) & long.MaxValue;
        long Stream(int micro, int node)
        {
            if (rows is not null) rows.Seeds = data => Seed(layout.ShardsLinear ? data : part, micro, numbers[node]);
            return Seed(part, micro, numbers[node]);
        }
        foreach (var chunk in chunks) chunk.Begin(batches, i => factors[i] / batches.Count, Stream);
        var ahead = layout.Order.SendsAhead(layout.Pipe);
        var loss = new double[batches.Count];
        var handed = new Dictionary<(PassKind, int, int), Tensor?[]>(); // between two stages of this rank
        var sent = new List<WireTensor>[actions.Length];
        for (var k = 0; k < actions.Length; k++)
        {
            if (k == 0) chunks[actions[0].Chunk].Post(actions[0]);
            if (k + 1 < actions.Length) chunks[actions[k + 1].Chunk].Post(actions[k + 1]);
            if (k > ahead) Finish(sent[k - ahead - 1]);
            if (actions[k].Pass is PassKind.B or PassKind.BW) unused!.Watch();
            learns = factors[actions[k].Micro] != 0;
            try { sent[k] = chunks[actions[k].Chunk].Run(actions[k], handed, loss); }
            catch (ExternalException e) when (e.Message.Contains("modified by an inplace operation", StringComparison.Ordinal))
            {
                throw new UsageException($"--layout {layout}: backward of {actions[k]} reads a buffer that forward of a later micro-batch has written over: let forward use a copy of it (clone()), or use --accumulate in place of --layout");
            }
        }
        foreach (var messages in sent.TakeLast(ahead + 1)) Finish(messages);
        unused!.Agree(copies!);
        tied.Join(link, s => RankOf(s, plan!.Stages.Count), context.World.Rank, Gradient);
        // The least of all steps, as the trainer's: batches that are read meanwhile are on the meter too.
        peak = Math.Min(peak == 0 ? long.MaxValue : peak, live.PeakBytes - before);
        if (layout.ShardsLinear) own.Scale(0, own.Length, 1.0 / layout.Data); // of the mean over the ranks' losses
        reducer!.Begin();
        return Mean(loss, factors);
    }

    private void Finish(List<WireTensor>? messages)
    {
        foreach (var message in messages ?? []) message.Finish(link!);
    }

    private Tensor Gradient(Parameter parameter)
    {
        var lies = pool!.IndexOf(parameter) >= 0 ? pool : own!;
        var range = lies.Ranges[lies.IndexOf(parameter)];
        return lies.Buffer.narrow(0, range.Start, range.Count).view(parameter.shape);
    }

    // Added in the order of micro-batches, as one rank does; over data ranks in theirs.
    private double Mean(double[] losses, double[] factors)
    {
        var sum = 0.0;
        for (var i = 0; i < losses.Length; i++) sum += losses[i] * factors[i] / losses.Length;
        var last = Place(plan!.Stages.Count - 1);
        var all = context.World.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<double>(in sum)));
        return Enumerable.Range(0, layout!.Data).Sum(d => MemoryMarshal.Read<double>(all[RankAt(last, d, 0)])) / layout.Data;
    }

    /// <inheritdoc/>
    public double? Update(double learningRate, double? largestNorm)
    {
        reducer!.Wait();
        double? norm = null;
        if (largestNorm is { } largest)
        {
            norm = Norm();
            if (norm > largest)
            {
                using var noGrad = no_grad();
                using var scalar = Scalars.Of(largest / (norm.Value + 1e-6));
                pool!.Buffer.mul_(scalar);
                own!.Buffer.mul_(scalar);
            }
        }
        context.Optimizer.Begin();
        foreach (var range in pool!.Ranges.Concat(own!.Ranges))
        {
            if (unused!.Contains(range)) continue;
            using var gradient = Gradient(range.Parameter);
            context.Optimizer.Step(range.Name, range.Parameter, gradient, learningRate);
        }
        tied!.Share(link, s => RankOf(s, plan!.Stages.Count), context.World.Rank);
        return norm;
    }

    // Squares are added in double, parameter by parameter in the model's order, whoever has them.
    private double Norm()
    {
        using var scope = NewDisposeScope();
        var order = context.Parameters.Select((p, i) => (p.Name, i)).ToDictionary(p => p.Name, p => p.i);
        var squares = new double[order.Count];
        foreach (var range in pool!.Ranges.Concat(own!.Ranges))
            if (Holders(range.Name).Contains(context.World.Rank)) squares[order[range.Name]] = Gradient(range.Parameter).to_type(ScalarType.Float64).square().sum().item<double>();
        var all = context.World.AllGather(MemoryMarshal.AsBytes<double>(squares)).Select(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).ToArray();
        return Math.Sqrt(Enumerable.Range(0, squares.Length).Sum(i => Holders(context.Parameters[i].Name).Sum(rank => all[rank][i])));
    }

    // The ranks whose gradients of a parameter make up the whole of it, each number once.
    private IEnumerable<int> Holders(string parameter)
        => sliced?.Divide(parameter) != true ? [owners[parameter]] : Enumerable.Range(owners[parameter], layout!.ShardsLinear ? layout.Data : layout.Tensor);

    /// <inheritdoc/>
    public void Gather()
    {
        if (plan is null) return;
        if (sliced is not null)
        {
            // Gradients are made anew in the next step: whole parameters may take their place.
            pool!.Discard(0, pool.Length);
            own!.Discard(0, own.Length);
            sliced.Gather();
            return; // all else is the same on all ranks
        }
        foreach (var (name, tensor) in context.Graph.state_dict())
            if (owners.TryGetValue(name, out var owner)) context.World.Broadcast(tensor, owner);
    }

    /// <inheritdoc/>
    public string? Conclude()
    {
        var mine = peak;
        var all = context.World.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in mine))).Select(part => MemoryMarshal.Read<long>(part)).ToArray();
        return peak == 0 ? null : $"layout {plan!.Layout}: activations of each stage's rank peaked at {string.Join(", ", plan.Ranks.Select(r => $"{ByteText.Of(all[RankAt(r.Rank, 0, 0)])} (predicted {ByteText.Of(r.ActivationPeakBytes)})"))}, measured";
    }

    private void Release()
    {
        foreach (var chunk in chunks) chunk.Dispose();
        chunks = [];
        reducer?.Dispose();
        pool?.Dispose();
        own?.Dispose();
        tied?.Dispose();
        link?.Dispose();
        copies?.Dispose();
        neighbours?.Dispose();
        (reducer, pool, own, tied, link, copies, neighbours, rows, sliced) = (null, null, null, null, null, null, null, null, null);
    }

    /// <summary>Ends the message thread and frees the gradients.</summary>
    public void Dispose() => Release();
}
