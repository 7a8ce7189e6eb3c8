using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Measures a profile inside the memory that a small plan needs: every node by itself (<see cref="NodeTrials"/>),
/// forward twice and backward, under the exact meter and the clock, compared with the simulator, so that what is left
/// over is what kernels ask for besides values. Plain autograd's peak is found in the same way
/// (<see cref="PlainTrials"/>); neither step is ever run whole.
/// </summary>
public static class Profiler
{
    /// <summary>Measures with softmax cross-entropy.</summary>
    /// <inheritdoc cref="Measure(Graph, long, IObjective, int?, Action{double})"/>
    public static Profile Measure(Graph graph, long batch, int? repetitions = null)
        => Measure(graph, batch, null, repetitions);

    /// <summary>
    /// Measures; gradients of the parameters are left as they were, running statistics and the generator too.
    /// </summary>
    /// <param name="graph">The model as the user built it.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <param name="repetitions">Runs of each kind of node after one to warm up; the median counts. Default 3.</param>
    /// <param name="progress">Told the share that is done, 0 to 1, now and then.</param>
    public static Profile Measure(Graph graph, long batch, IObjective? objective, int? repetitions = null,
        Action<double>? progress = null)
    {
        objective ??= new CrossEntropy();
        GC.Collect(); // tensors that others have forgotten must not go while bytes are counted
        GC.WaitForPendingFinalizers();
        using var scope = NewDisposeScope();
        using var state = new ModelState(graph);
        var fused = Fusion.Fuse(graph);
        var bare = AnalyticProfile.Of(fused, batch, objective.Traits(fused));
        var (inputs, targets) = SyntheticBatch.Of(graph, batch, objective);
        if (!graph.training) graph.train();

        Profile profile;
        using (var trials = new NodeTrials(graph, batch, objective, repetitions ?? 3))
        {
            var (nodes, loss) = trials.Run(inputs, targets, progress is null ? null : done => progress(Nodes * done));
            profile = Evaluate(fused, bare with { LossOverwrites = trials.LossOverwrote }, nodes, loss);
        }
        var plain = new PlainTrials(MixedGraph.Of(graph), batch, objective).Peak(inputs, targets);
        progress?.Invoke(Nodes + Plain);
        profile = WithWays(fused, profile) with { PlainPeakBytes = plain };
        progress?.Invoke(1);
        return profile;
    }

    /// <summary>
    /// Whether this process can hold what measuring takes: the model, and one node's inputs, results and gradients
    /// beside the values that wait.
    /// </summary>
    /// <param name="graph">The model; shapes are enough.</param>
    /// <param name="batch">Samples in a batch.</param>
    public static bool Fits(Graph graph, long batch)
        => MachineMemory.AvailableBytes - MachineMemory.ResidentBytes
        - MemoryLimit.Loading >= 17
        * (FixedBytes.Of(graph, batch) + InferenceBytes.OfProfile(Fusion.Fuse(graph), batch)) / 16;

    private const double Nodes = 0.5, Plain = 0.15; // shares of the time, roughly

    /// <summary>
    /// Adds the ways to run backward that were found, for nodes that weigh in the step's peak and whose parameters are
    /// theirs alone.
    /// </summary>
    private static Profile WithWays(Graph fused, Profile profile)
    {
        var peak = new KeepAllPlanner().Make(new PlanningGraph(fused, profile), long.MaxValue)!.Prediction.PeakBytes;
        var probe = new GradientProbe(profile.Batch, peak / Unweighty);
        var users = fused.Nodes.SelectMany(n => n.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        return profile with
        {
            Nodes =
            [.. fused.Nodes.Select(n => n.Op.Parameters.Any(p => users[p.Identity()] > 1) ? profile.Nodes[n.Id]
            : probe.Ways(n).Of(profile.Nodes[n.Id]))]
        };
    }

    private const int Unweighty = 64;

    private static Profile Evaluate(Graph fused, Profile profile, NodeTrials.Trial[] trials, NodeTrials.Sample loss)
    {
        // First what graphs keep, then, with that known to the simulator, what backward asks for besides.
        var nodes =
            profile.Nodes.Select(n => n with { ForwardWorkspace = 0, RecomputeWorkspace = 0, BackwardWorkspace = 0 })
            .ToArray();
        foreach (var node in fused.Nodes) nodes[node.Id] = Forward(node, nodes[node.Id], trials[node.Id]);
        profile =
            profile with
            {
                Source = "measured",
                Nodes = nodes,
                Loss = loss.Median,
                LossWorkspace = Math.Max(0,
            loss.Peak - (profile.LossOverwrites ? 0
            : fused.Outputs.Where(o => o.NeedsGradient).Sum(o => o.Bytes(profile.Batch))))
            };
        var simulator = new ScheduleSimulator(new PlanningGraph(fused, profile));
        foreach (var node in fused.Nodes.Where(n => n.Output is { NeedsGradient: true, IsFixed: false }))
        {
            var (sample, (under, change)) = (trials[node.Id].Backward, simulator.BackwardAlone(node.Id));
            nodes[node.Id] = nodes[node.Id] with
            {
                Backward = sample.Median,
                BackwardWorkspace = node.Op.PassesGradientOn ? 0 : Math.Max(0, sample.Peak - under),
                BackwardResidue = node.Op.PassesGradientOn ? 0 : sample.Change - change,
            };
        }
        return profile;
    }

    private static NodeProfile Forward(Node node, NodeProfile bare, NodeTrials.Trial trial)
    {
        var (first, again) = (trial.Forward, trial.Again);
        if (node.Op.IsFixed) return bare with { Forward = first.Median, Recompute = first.Median };
        if (node.Op.PassesGradientOn) return bare with { Forward = first.Median, Recompute = again.Median };
        var extra = Math.Max(0,
            first.Change - bare.OutputBytes - (node.Op.IsRandom ? PlanningGraph.GeneratorBytes : 0));
        // The old output goes before the new one comes, unless the node's graph holds it.
        var declared = node.Op.Saves(node);
        var stays = declared.Output && node.Output.NeedsGradient && !node.Op.Rectifies
            && (declared.Swappable || again.Change >= bare.OutputBytes);
        return bare with
        {
            Forward = first.Median,
            Recompute = again.Median,
            ExtraBytes = extra,
            ForwardWorkspace = Math.Max(0, first.Peak - Math.Max(first.Change, bare.OutputBytes + extra)),
            RecomputeWorkspace = Math.Max(0, again.Peak - (stays ? bare.OutputBytes : 0)),
            HoldsOutput = stays || !declared.Output,
        };
    }
}
