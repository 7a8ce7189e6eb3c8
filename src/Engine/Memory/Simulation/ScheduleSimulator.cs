using Interactive.Memory.Blocks;

namespace Interactive.Memory;

/// <summary>
/// Replays a schedule without running anything: exact bytes after every step and the peak within it, seconds, second
/// runs. It follows the executor's rules to the letter: what a Free releases, where an op overwrites its input, who
/// shares a gradient, which transient buffers a kernel asks for. Where a schedule leaves open how a node runs backward
/// it chooses.
/// </summary>
public sealed class ScheduleSimulator
{
    private readonly PlanningGraph graph;
    private readonly NodeAccount nodes;
    private readonly BlockAccount blocks;

    /// <summary>Prepares to replay schedules over one graph; not for use by several threads at once.</summary>
    public ScheduleSimulator(PlanningGraph graph)
    {
        (this.graph, nodes) = (graph, new NodeAccount(graph));
        blocks = nodes.Blocks;
    }

    /// <summary>Replays a schedule.</summary>
    /// <param name="schedule">Over the same fused graph.</param>
    /// <param name="timeline">Receives one point a step (and one, with step -1, for the loss) when given.</param>
    /// <exception cref="InvalidOperationException">The schedule reads bytes that it has freed.</exception>
    public Forecast Run(Schedule schedule, List<TimelinePoint>? timeline = null)
    {
        var steps = schedule.Steps as Step[] ?? [.. schedule.Steps];
        return Run(steps, InPlace.Find(graph.Graph, steps), long.MaxValue, out _, timeline);
    }

    /// <summary>The steps of the last replay with the ways chosen in it, as a schedule.</summary>
    internal Schedule Decided(string planner, ReadOnlySpan<Step> steps)
        => new(planner, nodes.Ways.Decided(steps)) { Batch = graph.Profile.Batch };

    /// <summary>
    /// When each block of values and gradients is made and freed, in the order in which they are freed.
    /// </summary>
    /// <exception cref="InvalidOperationException">The schedule reads bytes that it has freed.</exception>
    public IReadOnlyList<BlockLife> Lives(Schedule schedule)
    {
        var lives = blocks.Lives = [];
        Run(schedule);
        blocks.End(schedule.Steps.Count - 1);
        blocks.Lives = null;
        return lives;
    }

    /// <summary>What holds the bytes at a schedule's peak, most first; the sum is the peak.</summary>
    /// <exception cref="InvalidOperationException">The schedule reads bytes that it has freed.</exception>
    public IReadOnlyList<PeakShare> Peak(Schedule schedule)
    {
        var peak = Run(schedule).PeakBytes;
        blocks.Watch(peak);
        Run(schedule);
        var held = blocks.Held!;
        return [.. held.Blocks.GroupBy(b => b.IsGradient ? PeakShare.Gradients : graph.Graph.Nodes[b.Value - 1].Op.Kind,
            b => b.Bytes).Select(g => new PeakShare(g.Key, g.Sum()))
            .Append(new(PeakShare.Saved, held.Saved)).Append(new(PeakShare.Workspace, held.Workspace))
            .Where(s => s.Bytes != 0).OrderByDescending(s => s.Bytes)];
    }

    /// <summary>
    /// The same over prepared arrays; <paramref name="excess"/> sums the bytes above a budget over all steps.
    /// </summary>
    internal Forecast Run(ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> inPlace, long budget, out double excess,
        List<TimelinePoint>? timeline = null)
    {
        nodes.Reset();
        var (peak, peakStep, seconds, again, slower, recomputes) = (0L, 0, 0.0, 0.0, 0.0, 0);
        excess = 0;
        for (var i = 0; i < steps.Length; i++)
        {
            var step = steps[i];
            blocks.BeginStep(i);
            var before = 0L; // the peak within a forward, where the loss follows
            switch (step.Kind)
            {
                case StepKind.Forward or StepKind.ForwardOnly:
                    var node = graph.Nodes[step.Id];
                    var first = !nodes.HasRun(step.Id);
                    var cost = first || step.Kind == StepKind.Forward && node.HasGraph ? node.Forward : node.Recompute;
                    seconds += cost;
                    if (!first)
                    {
                        again += cost;
                        recomputes++;
                    }
                    nodes.Forward(node, step.Kind == StepKind.Forward, inPlace[i]);
                    if (!first || step.Id != graph.Nodes.Length - 1) break;
                    timeline?.Add(blocks.Point(i));
                    before = blocks.StepPeak;
                    blocks.BeginStep(i);
                    seconds += graph.Profile.Loss;
                    nodes.Loss();
                    timeline?.Add(blocks.Point(-1));
                    break;
                case StepKind.Free: nodes.Free(step.Id); break;
                case StepKind.ParameterGradients or StepKind.Backward:
                    var backward = nodes.Backward(graph.Nodes[step.Id], steps[i..], budget);
                    seconds += backward;
                    slower += step.Kind == StepKind.Backward ? backward - graph.Nodes[step.Id].Backward : backward;
                    break;
            }
            var within = Math.Max(before, blocks.StepPeak);
            if (within > peak) (peak, peakStep) = (within, i);
            if (within > budget) excess += within - budget;
            if (before == 0) timeline?.Add(blocks.Point(i));
        }
        return new Forecast(peak, seconds, again, again + slower, recomputes, peakStep);
    }

    /// <summary>
    /// Replays one stretch of nodes forward and backward on its own. What it is given costs nothing; gradients of
    /// <paramref name="handedOn"/> are there from the end of the forward.
    /// </summary>
    /// <param name="steps">The forward, then what backward does.</param>
    /// <param name="inPlace">Per step.</param>
    /// <param name="forwards">How many steps that are not frees belong to the forward.</param>
    /// <param name="given">Values that are there and stay.</param>
    /// <param name="handedOn">Values whose gradients come from elsewhere.</param>
    internal StretchCost Measure(ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> inPlace, int forwards,
        IEnumerable<int> given, IEnumerable<int> handedOn)
    {
        nodes.Reset();
        foreach (var value in given) nodes.Give(value);
        var (peak, forwardPeak, kept, seconds, isForward) = (0L, 0L, 0L, 0.0, true);
        for (var i = 0; i <= steps.Length; i++)
        {
            if (isForward && (i == steps.Length || steps[i].Kind != StepKind.Free && forwards-- == 0))
            {
                (forwardPeak, kept, peak, seconds, isForward) = (peak, blocks.Live, 0, 0, false);
                if (i == steps.Length) break;
                nodes.MakeGradients(handedOn);
            }
            if (i == steps.Length) break;
            blocks.BeginStep(i);
            var node = graph.Nodes[Math.Min(steps[i].Id, graph.Nodes.Length - 1)];
            switch (steps[i].Kind)
            {
                case StepKind.Forward or StepKind.ForwardOnly:
                    seconds += steps[i].Kind == StepKind.Forward && node.HasGraph ? node.Forward : node.Recompute;
                    nodes.Forward(node, steps[i].Kind == StepKind.Forward, inPlace[i]);
                    break;
                case StepKind.Free: nodes.Free(steps[i].Id); break;
                case StepKind.ParameterGradients
                    or StepKind.Backward:
                    seconds += nodes.Backward(node, steps[i..], budget: 0); break;
            }
            peak = Math.Max(peak, blocks.StepPeak);
        }
        return new(forwardPeak, kept, peak, seconds);
    }

    /// <summary>
    /// Bytes of a micro-batch over one part of its steps: the most within it, those left after it, and its seconds.
    /// </summary>
    internal readonly record struct Part(long Peak, long Live, double Seconds);

    /// <summary>
    /// Replays the steps of a stage for one micro-batch, part by part. Before the second part begins the loss is
    /// computed, or the gradients of what was handed on come.
    /// </summary>
    /// <param name="steps">Of all parts.</param>
    /// <param name="ends">By part: the number after its last step.</param>
    /// <param name="given">Values that the stage is given; their bytes are the micro-batch's.</param>
    /// <param name="handedOn">Values whose gradients come from elsewhere.</param>
    /// <param name="freed">Values that are freed after the first part.</param>
    /// <param name="withLoss">Whether the stage is the last one.</param>
    internal Part[] Parts(Step[] steps, IReadOnlyList<int> ends, IEnumerable<int> given, IEnumerable<int> handedOn,
        IEnumerable<int> freed, bool withLoss)
    {
        nodes.Reset();
        var inPlace = InPlace.Find(graph.Graph, steps);
        var parts = new Part[ends.Count];
        blocks.BeginStep(-1);
        foreach (var value in given) nodes.Receive(value);
        for (int part = 0, i = 0; part < parts.Length; part++)
        {
            var (peak, seconds) = (blocks.Live, 0.0);
            if (part == 1)
            {
                blocks.BeginStep(-1);
                if (withLoss)
                {
                    nodes.Loss();
                    seconds += graph.Profile.Loss;
                }
                else nodes.MakeGradients(handedOn);
                peak = Math.Max(peak, blocks.StepPeak);
            }
            for (; i < ends[part]; i++)
            {
                blocks.BeginStep(i);
                switch (steps[i].Kind)
                {
                    case StepKind.Forward or StepKind.ForwardOnly:
                        var node = graph.Nodes[steps[i].Id];
                        seconds += !nodes.HasRun(node.Id) || steps[i].Kind == StepKind.Forward && node.HasGraph
                            ? node.Forward : node.Recompute;
                        nodes.Forward(node, steps[i].Kind == StepKind.Forward, inPlace[i]);
                        break;
                    case StepKind.Free: nodes.Free(steps[i].Id); break;
                    case StepKind.InputGradient:
                        seconds += nodes.InputGradient(graph.Nodes[steps[i].Id],
                        steps[i].Way); break;
                    case StepKind.ParameterGradients when nodes.Deferred(graph.Nodes[steps[i].Id],
                        steps[i].Way) is { } putOff:
                        seconds += putOff; break;
                    default: seconds += nodes.Backward(graph.Nodes[steps[i].Id], steps.AsSpan(i), long.MaxValue); break;
                }
                peak = Math.Max(peak, blocks.StepPeak);
            }
            if (part == 0)
                foreach (var value in freed) nodes.Free(value);
            parts[part] = new(peak, blocks.Live, seconds);
        }
        return parts;
    }

    /// <summary>
    /// What happens while one node runs backward by itself, after a forward and one for the output alone, its inputs
    /// being there and the output where it is read: bytes alive when its workspace is asked for, and bytes left, both
    /// against those before.
    /// </summary>
    internal (long UnderWorkspace, long Change) BackwardAlone(int id)
    {
        nodes.Reset();
        var node = graph.Nodes[id];
        blocks.BeginStep(0);
        foreach (var input in node.Inputs.Distinct()) nodes.Provide(input);
        nodes.Forward(node, keepGraph: true, into: -1);
        nodes.Forward(node, keepGraph: false, into: -1);
        if (!graph.Graph.Nodes[id].Op.Saves(graph.Graph.Nodes[id]).Output) nodes.Free(id + 1);
        nodes.MakeGradients([id + 1]);
        var before = blocks.Live;
        blocks.BeginStep(1);
        nodes.BackwardWhole(node, node.BackwardWorkspace);
        var point = blocks.Point(1);
        return (point.BytesUnderWorkspace - before, point.LiveBytes - before);
    }
}
