using System.Diagnostics;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Measures a profile: runs steps on real input in which every node runs forward twice, reads the exact meter and the
/// clock around each, and compares with the simulator, so that what is left over is what kernels ask for besides values.
/// </summary>
public static class Profiler
{
    private sealed class Sample
    {
        public readonly List<double> Seconds = [];
        public long Peak, Change;
    }

    /// <summary>Measures with softmax cross-entropy.</summary>
    /// <inheritdoc cref="Measure(Graph, long, IObjective, int?)"/>
    public static Profile Measure(Graph graph, long batch, int? repetitions = null) => Measure(graph, batch, null, repetitions);

    /// <summary>Measures; gradients of the parameters are left as they were, running statistics and the generator too.</summary>
    /// <param name="graph">The model as the user built it.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <param name="repetitions">Steps measured after one to warm up; the median counts. Default 3, or 1 in a net of a thousand nodes, where nodes of one kind repeat each other.</param>
    public static Profile Measure(Graph graph, long batch, IObjective? objective, int? repetitions = null)
    {
        objective ??= new CrossEntropy();
        GC.Collect(); // tensors that others have forgotten must not go while bytes are counted
        GC.WaitForPendingFinalizers();
        using var scope = NewDisposeScope();
        using var state = new ModelState(graph);
        var fused = Fusion.Fuse(graph);
        var bare = new PlanningGraph(fused, AnalyticProfile.Of(fused, batch, objective.Traits(fused)));
        var schedule = Twice(new ScheduleBuilder(bare).Build(new Retention(bare), "profile"), bare);
        var (inputs, targets) = SyntheticBatch.Of(graph, batch, objective);
        if (!graph.training) graph.train();

        var samples = new Dictionary<int, Sample>();
        var plainSeconds = new List<double>();
        long plainPeak = 0;
        bool overwrites;
        using (var executor = new Executor(graph, schedule, objective))
        {
            executor.Step(inputs, targets);
            overwrites = executor.LossOverwrote;
            Watch(executor, Devices.Of(graph), samples);
            for (var i = 0; i < (repetitions ?? (fused.Nodes.Count < Deep ? 3 : 1)); i++)
            {
                executor.Step(inputs, targets);
                plainPeak = Plain(graph, objective, inputs, targets, out var seconds);
                plainSeconds.Add(seconds);
            }
        }
        return WithWays(fused, Evaluate(fused, bare.Profile with { LossOverwrites = overwrites }, schedule, samples)) with { PlainPeakBytes = plainPeak, PlainSeconds = Median(plainSeconds) };
    }

    /// <summary>Adds the ways to run backward that were found, for nodes that weigh in the step's peak and whose parameters are theirs alone.</summary>
    private static Profile WithWays(Graph fused, Profile profile)
    {
        var peak = new KeepAllPlanner().Make(new PlanningGraph(fused, profile), long.MaxValue)!.Prediction.PeakBytes;
        var probe = new GradientProbe(profile.Batch, peak / Unweighty);
        var users = fused.Nodes.SelectMany(n => n.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        return profile with { Nodes = [.. fused.Nodes.Select(n => n.Op.Parameters.Any(p => users[p.Identity()] > 1) ? profile.Nodes[n.Id] : probe.Ways(n).Of(profile.Nodes[n.Id]))] };
    }

    private const int Unweighty = 64;

    /// <summary>Every node's forward is run a second time, for its output alone, while its inputs are there.</summary>
    private static Schedule Twice(Schedule keepAll, PlanningGraph graph)
    {
        var steps = new List<Step>();
        foreach (var step in keepAll.Steps)
        {
            steps.Add(step);
            if (step.Kind == StepKind.Forward && !graph.Graph.Nodes[step.Id].Op.PassesGradientOn && !graph.Nodes[step.Id].IsFixed) steps.Add(new(StepKind.ForwardOnly, step.Id));
        }
        return new Schedule("profile", steps);
    }

    private static void Watch(Executor executor, Device device, Dictionary<int, Sample> samples)
    {
        var meter = MemoryMeter.For(device);
        var (started, before) = (0L, 0L);
        executor.StepBegins = _ =>
        {
            before = meter.LiveBytes;
            meter.ResetPeak();
            Devices.Synchronize(device);
            started = Stopwatch.GetTimestamp();
        };
        executor.StepEnds = i =>
        {
            Devices.Synchronize(device);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (!samples.TryGetValue(i, out var sample)) samples[i] = sample = new Sample();
            sample.Seconds.Add(seconds);
            sample.Peak = meter.PeakBytes - before;
            sample.Change = meter.LiveBytes - before;
        };
    }

    /// <summary>Autograd over the whole graph, every intermediate disposed right after its last use.</summary>
    private static long Plain(Graph graph, IObjective objective, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets, out double seconds)
    {
        var meter = MemoryMeter.For(inputs[0].device);
        var before = meter.LiveBytes;
        meter.ResetPeak();
        Devices.Synchronize(inputs[0].device);
        var started = Stopwatch.GetTimestamp();
        var outputs = graph.Forward(inputs);
        using (var loss = objective.Loss(outputs, targets))
            if (loss.requires_grad) loss.backward();
        foreach (var output in outputs) output.Dispose();
        Devices.Synchronize(inputs[0].device);
        seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return meter.PeakBytes - before;
    }

    private static Profile Evaluate(Graph fused, Profile profile, Schedule schedule, Dictionary<int, Sample> samples)
    {
        // First what graphs keep, then, with that known to the simulator, what backward asks for besides.
        var batch = profile.Batch;
        var nodes = profile.Nodes.Select(n => n with { ForwardWorkspace = 0, RecomputeWorkspace = 0, BackwardWorkspace = 0 }).ToArray();
        var seen = new HashSet<int>();
        for (var i = 0; i < schedule.Steps.Count; i++)
        {
            var step = schedule.Steps[i];
            if (step.Kind is not (StepKind.Forward or StepKind.ForwardOnly)) continue;
            var (sample, node, op) = (samples[i], nodes[step.Id], fused.Nodes[step.Id].Op);
            if (op.PassesGradientOn || op.IsFixed) nodes[step.Id] = node with { Forward = Median(sample.Seconds), Recompute = Median(sample.Seconds) };
            else if (seen.Add(step.Id))
            {
                var extra = Math.Max(0, sample.Change - node.OutputBytes - (op.IsRandom ? PlanningGraph.GeneratorBytes : 0));
                nodes[step.Id] = node with { Forward = Median(sample.Seconds), ExtraBytes = extra, ForwardWorkspace = Math.Max(0, sample.Peak - Math.Max(sample.Change, node.OutputBytes + extra)) };
            }
            // The old output goes before the new one comes, unless the node's graph holds it.
            else
            {
                var declared = op.Saves(fused.Nodes[step.Id]);
                var stays = declared.Output && fused.Nodes[step.Id].Output.NeedsGradient && !op.Rectifies && (declared.Swappable || sample.Change >= node.OutputBytes);
                nodes[step.Id] = node with { Recompute = Median(sample.Seconds), RecomputeWorkspace = Math.Max(0, sample.Peak - (stays ? node.OutputBytes : 0)), HoldsOutput = stays || !declared.Output };
            }
        }
        profile = profile with { Source = "measured", Nodes = nodes, Loss = Median(samples[Executor.LossStep].Seconds), LossWorkspace = Math.Max(0, samples[Executor.LossStep].Peak - (profile.LossOverwrites ? 0 : fused.Outputs.Where(o => o.NeedsGradient).Sum(o => o.Bytes(batch)))) };
        var timeline = new List<TimelinePoint>();
        new ScheduleSimulator(new PlanningGraph(fused, profile)).Run(schedule, timeline);
        long live = 0;
        foreach (var point in timeline)
        {
            if (point.Step >= 0 && schedule.Steps[point.Step] is { Kind: StepKind.Backward } step)
            {
                var sample = samples[point.Step];
                var node = fused.Nodes[step.Id];
                nodes[step.Id] = nodes[step.Id] with
                {
                    Backward = Median(sample.Seconds),
                    BackwardWorkspace = node.Op.PassesGradientOn ? 0 : Math.Max(0, sample.Peak - (point.BytesUnderWorkspace - live)),
                    BackwardResidue = sample.Change - (point.LiveBytes - live),
                };
            }
            live = point.LiveBytes;
        }
        return profile with { Nodes = Alike(fused, nodes) };
    }

    private const int Deep = 1000; // nodes

    /// <summary>Nodes that do the same work get the same seconds, the median of theirs.</summary>
    private static NodeProfile[] Alike(Graph fused, NodeProfile[] nodes)
    {
        var result = nodes.ToArray();
        foreach (var kind in fused.Nodes.GroupBy(NodeKind.Of))
        {
            double Usual(Func<NodeProfile, double> seconds) => Median([.. kind.Select(n => seconds(nodes[n.Id]))]);
            var (forward, again, backward) = (Usual(n => n.Forward), Usual(n => n.Recompute), Usual(n => n.Backward));
            foreach (var node in kind) result[node.Id] = nodes[node.Id] with { Forward = forward, Recompute = again, Backward = backward };
        }
        return result;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
