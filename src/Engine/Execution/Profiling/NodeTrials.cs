using System.Diagnostics;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Runs the nodes of a fused graph one by one as the executor would, forward, for the output alone, and backward on a
/// made-up gradient, and reads meter and clock around each. Nothing is kept from one node to the next but what later
/// nodes read forward. Nodes that do the same work are tried once.
/// </summary>
internal sealed class NodeTrials : IDisposable
{
    /// <summary>What one kind of node asked for. Bytes are against those before.</summary>
    public sealed class Sample
    {
        public readonly List<double> Seconds = [];
        public long Peak, Change;
        public double Median => Seconds.Order().ElementAt(Seconds.Count / 2);
    }

    /// <summary>Forward with graph, forward for the output alone, backward.</summary>
    public sealed record Trial(Sample Forward, Sample Again, Sample Backward)
    {
        /// <summary>What all of its runs took.</summary>
        public double Seconds => Forward.Seconds.Sum() + Again.Seconds.Sum() + Backward.Seconds.Sum();
    }

    // Seconds of a node that is measured once: chance weighs little in a long one.
    private const double LongEnough = 0.1;

    private readonly Executor executor;
    private readonly ExecutionPlan plan;
    private readonly StepLoss loss;
    private readonly MicroBatch state;
    private readonly Device device;
    private readonly IMemoryMeter meter;
    private readonly long batch;
    private readonly int repetitions;
    private readonly HashSet<nint> tied;
    private readonly Dictionary<string, Trial> known = [];

    public NodeTrials(Graph graph, long batch, IObjective objective, int repetitions)
    {
        this.batch = batch;
        executor = new Executor(graph, null, objective);
        plan = new ExecutionPlan(graph, null, objective);
        (loss, state, device, this.repetitions) = (new StepLoss(plan, objective), new MicroBatch(executor, plan),
            plan.Device, repetitions);
        meter = MemoryMeter.For(device);
        tied = [.. plan.Tied.Select(p => p.Identity())];
    }

    /// <summary>Whether the loss wrote its gradient over the output.</summary>
    public bool LossOverwrote => loss.Overwrote;

    /// <summary>Goes through the graph; by node, and the loss's sample.</summary>
    /// <param name="inputs">The graph's inputs.</param>
    /// <param name="targets">The objective's.</param>
    /// <param name="progress">Told the share of the nodes that are done.</param>
    public (Trial[] Nodes, Sample Loss) Run(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> targets,
        Action<double>? progress)
    {
        using var scope = NewDisposeScope();
        var trials = new Trial[plan.Graph.Nodes.Count];
        for (var i = 0; i < inputs.Count; i++) state.Values.Begin(plan.Graph.Inputs[i], inputs[i].detach());
        foreach (var node in plan.Graph.Nodes)
        {
            trials[node.Id] = Known(node);
            state.NodeForward.Run(state.Nodes[node.Id], forBackward: false, into: -1); // for those that read it
            state.Nodes[node.Id].Reset();
            foreach (var value in node.Inputs.Distinct())
                if (!value.IsFixed && !value.IsOutput && value.Consumers[^1] == node) state.Values.Free(value.Id);
            progress?.Invoke((node.Id + 1.0) / trials.Length);
        }
        return (trials, Loss(targets));
    }

    /// <summary>Equal for nodes that take the same bytes and time alone.</summary>
    public static string Key(Node node)
    {
        var inputs = string.Join(' ', node.Inputs.Select(v => $"{node.Inputs.ToList().IndexOf(v)}{(v.IsFixed ? "fixed" : "")}{(v.Producer is { } p && ConcatPieces.StayApart(p) ? $"pieces{Pieces(p)}" : "")}"));
        return $"{NodeKind.Of(node)} {inputs} {(ConcatPieces.StayApart(node) ? "apart" : "")} {(node.Op is Graphs.Ops.Opaque or { IsFixed: true } ? node.Id : "")}";
    }

    private static int Pieces(Node join)
        => join.Inputs.Sum(v => v.Producer is { } p && ConcatPieces.StayApart(p) ? Pieces(p) : 1);

    private Trial Known(Node node)
    {
        var shared = node.Op.Parameters.Where(p => tied.Contains(p.Identity())).ToArray();
        var key = shared.Length > 0 ? $"{node.Id}" : Key(node);
        if (!known.TryGetValue(key, out var trial)) known[key] = trial = Try(node, shared);
        return trial;
    }

    private Trial Try(Node node, TorchSharp.Modules.Parameter[] shared)
    {
        var trial = new Trial(new Sample(), new Sample(), new Sample());
        // Of a tied parameter, whichever node runs backward first in a step is handed the gradient; the last one's goes
        // into what was set aside.
        var isFirst = shared.Length > 0
            && plan.Graph.Nodes.Last(n => n.Op.Parameters.Any(p => p.Identity() == shared[0].Identity())) == node;
        var joined = shared.Where(p => plan.Completes[node.Id].Contains(p)).Sum(p => p.numel() * p.element_size());
        for (var i = -1; i < (node.Output.IsFixed || trial.Seconds >= LongEnough ? 1 : repetitions); i++)
        {
            using var gradients = new TrialGradients(node.Op.Parameters, make: !isFirst);
            Once(state.Nodes[node.Id], i < 0 ? new Trial(new Sample(), new Sample(), new Sample()) : trial);
        }
        trial.Backward.Change -= joined;
        return trial;
    }

    private void Once(NodeState node, Trial trial)
    {
        var output = node.Node.Output;
        node.Reset();
        if (state.Values.Has(output) && !output.IsFixed) state.Values.Free(output.Id);
        if (node.Node.Op.RunsOnce && !output.IsFixed)
        {
            // backward would refuse it: what it does again may write over what a graph holds
            Measure(trial.Again, () => state.NodeForward.Run(node, forBackward: false, into: -1));
            state.Values.Free(output.Id);
        }
        Measure(trial.Forward, () => state.NodeForward.Run(node, forBackward: true, into: -1));
        if (output.IsFixed) return;
        if (!node.Node.Op.RunsOnce) Measure(trial.Again, () => state.NodeForward.Run(node, forBackward: false, into: -1));
        if (output.NeedsGradient)
        {
            // long gone in a step, and what its going leaves room for would hide a workspace
            if (!node.Saved.Output) state.Values.Free(output.Id);
            state.Gradients.Add(output, new SharedGradient(LaidTensor.Made(Shape(output), output.Format,
                shape => full(shape, 1e-3, output.Type, device))));
            Measure(trial.Backward, () => state.NodeBackward.Run(node, way: 0));
            state.Gradients.Clear();
        }
        node.Reset();
    }

    private long[] Shape(Value value) => [.. value.Extents.Select(e => e.At(batch))];

    private Sample Loss(IReadOnlyList<Tensor> targets)
    {
        var sample = new Sample();
        var copies = plan.Graph.Outputs.Select(o => state.Values.Find(o)!.clone()).ToArray();
        Once(new Sample());
        for (var i = 0; i < copies.Length; i++) state.Values.Put(plan.Graph.Outputs[i], copies[i], isAgain: false);
        Once(sample);
        return sample;

        void Once(Sample into)
        {
            Measure(into, () => loss.Run(state, targets, 1));
            state.Gradients.Clear();
            foreach (var output in plan.Graph.Outputs)
                if (!output.IsFixed && state.Values.Has(output)) state.Values.Free(output.Id);
        }
    }

    private void Measure(Sample sample, Action run)
    {
        var before = meter.LiveBytes;
        meter.ResetPeak();
        Devices.Synchronize(device);
        var started = Stopwatch.GetTimestamp();
        run();
        Devices.Synchronize(device);
        sample.Seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        (sample.Peak, sample.Change) = (meter.PeakBytes - before, meter.LiveBytes - before);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        state.Dispose();
        executor.Dispose();
    }
}
