using Interactive.Memory.Blocks;

namespace Interactive.Memory;

/// <summary>
/// Replays a schedule without running anything: exact bytes after every step and the peak within it, seconds, second
/// runs. It follows the executor's rules to the letter: what a Free releases, where an op overwrites its input, who
/// shares a gradient, which transient buffers a kernel asks for. Where a schedule leaves open how a node runs backward it
/// chooses.
/// </summary>
public sealed class ScheduleSimulator
{
    private readonly PlanningGraph graph;
    private readonly int[] held;       // value -> block of bytes, or -1
    private readonly BlockAccount blocks;
    private readonly GradientAccount gradients;
    private readonly bool[] hasRun, hasGraph, hasAdded; // hasAdded: its parameters' gradients are done
    private readonly OpenWays ways;
    private readonly List<int>[] pins; // node -> blocks its graph keeps alive by itself
    private readonly List<int> pinning = []; // nodes that had pins since the reset
    /// <summary>Prepares to replay schedules over one graph; not for use by several threads at once.</summary>
    public ScheduleSimulator(PlanningGraph graph)
    {
        this.graph = graph;
        var count = graph.Nodes.Length;
        held = new int[count + 1];
        blocks = new BlockAccount(graph.ValueBytes);
        gradients = new GradientAccount(graph, blocks);
        (hasRun, hasGraph, hasAdded) = (new bool[count], new bool[count], new bool[count]);
        ways = new OpenWays(graph);
        pins = [.. Enumerable.Range(0, count).Select(_ => new List<int>(0))];
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
    internal Schedule Decided(string planner, ReadOnlySpan<Step> steps) => new(planner, ways.Decided(steps)) { Batch = graph.Profile.Batch };

    /// <summary>When each block of values and gradients is made and freed, in the order in which they are freed.</summary>
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
        return [.. held.Blocks.GroupBy(b => b.IsGradient ? PeakShare.Gradients : graph.Graph.Nodes[b.Value - 1].Op.Kind, b => b.Bytes).Select(g => new PeakShare(g.Key, g.Sum()))
            .Append(new(PeakShare.Saved, held.Saved)).Append(new(PeakShare.Workspace, held.Workspace)).Where(s => s.Bytes != 0).OrderByDescending(s => s.Bytes)];
    }

    /// <summary>The same over prepared arrays; <paramref name="excess"/> sums the bytes above a budget over all steps.</summary>
    internal Forecast Run(ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> inPlace, long budget, out double excess, List<TimelinePoint>? timeline = null)
    {
        Reset();
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
                    var first = !hasRun[step.Id];
                    var cost = first || step.Kind == StepKind.Forward && node.HasGraph ? node.Forward : node.Recompute;
                    seconds += cost;
                    if (!first)
                    {
                        again += cost;
                        recomputes++;
                    }
                    Forward(node, step.Kind == StepKind.Forward, inPlace[i]);
                    if (!first || step.Id != graph.Nodes.Length - 1) break;
                    timeline?.Add(blocks.Point(i));
                    before = blocks.StepPeak;
                    blocks.BeginStep(i);
                    seconds += graph.Profile.Loss;
                    Loss();
                    timeline?.Add(blocks.Point(-1));
                    break;
                case StepKind.Free: Free(step.Id); break;
                case StepKind.Forget: Forget(step.Id); break;
                case StepKind.ParameterGradients or StepKind.Backward:
                    var backward = Backward(graph.Nodes[step.Id], steps[i..], budget);
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
    internal StretchCost Measure(ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> inPlace, int forwards, IEnumerable<int> given, IEnumerable<int> handedOn)
    {
        Reset();
        foreach (var value in given) held[value] = BlockAccount.Callers;
        var (peak, forwardPeak, kept, seconds, isForward) = (0L, 0L, 0L, 0.0, true);
        for (var i = 0; i <= steps.Length; i++)
        {
            if (isForward && (i == steps.Length || steps[i].Kind != StepKind.Free && forwards-- == 0))
            {
                (forwardPeak, kept, peak, seconds, isForward) = (peak, blocks.Live, 0, 0, false);
                if (i == steps.Length) break;
                foreach (var value in handedOn)
                    if (graph.Wants[value]) gradients.Make(value);
            }
            if (i == steps.Length) break;
            blocks.BeginStep(i);
            var node = graph.Nodes[Math.Min(steps[i].Id, graph.Nodes.Length - 1)];
            switch (steps[i].Kind)
            {
                case StepKind.Forward or StepKind.ForwardOnly:
                    seconds += steps[i].Kind == StepKind.Forward && node.HasGraph ? node.Forward : node.Recompute;
                    Forward(node, steps[i].Kind == StepKind.Forward, inPlace[i]);
                    break;
                case StepKind.Free: Free(steps[i].Id); break;
                case StepKind.ParameterGradients or StepKind.Backward: seconds += Backward(node, steps[i..], budget: 0); break;
            }
            peak = Math.Max(peak, blocks.StepPeak);
        }
        return new(forwardPeak, kept, peak, seconds);
    }

    /// <summary>Bytes of a micro-batch over one part of its steps: the most within it, those left after it, and its seconds.</summary>
    internal readonly record struct Part(long Peak, long Live, double Seconds);

    /// <summary>Replays the steps of a stage for one micro-batch, part by part. Before the second part begins the loss is computed, or the gradients of what was handed on come.</summary>
    /// <param name="steps">Of all parts.</param>
    /// <param name="ends">By part: the number after its last step.</param>
    /// <param name="given">Values that the stage is given; their bytes are the micro-batch's.</param>
    /// <param name="handedOn">Values whose gradients come from elsewhere.</param>
    /// <param name="freed">Values that are freed after the first part.</param>
    /// <param name="withLoss">Whether the stage is the last one.</param>
    internal Part[] Parts(Step[] steps, IReadOnlyList<int> ends, IEnumerable<int> given, IEnumerable<int> handedOn, IEnumerable<int> freed, bool withLoss)
    {
        Reset();
        var inPlace = InPlace.Find(graph.Graph, steps);
        var parts = new Part[ends.Count];
        blocks.BeginStep(-1);
        foreach (var value in given) held[value] = blocks.New(value, gradient: false);
        for (int part = 0, i = 0; part < parts.Length; part++)
        {
            var (peak, seconds) = (blocks.Live, 0.0);
            if (part == 1)
            {
                blocks.BeginStep(-1);
                if (withLoss)
                {
                    Loss();
                    seconds += graph.Profile.Loss;
                }
                else
                    foreach (var value in handedOn)
                        if (graph.Wants[value]) gradients.Make(value);
                peak = Math.Max(peak, blocks.StepPeak);
            }
            for (; i < ends[part]; i++)
            {
                blocks.BeginStep(i);
                switch (steps[i].Kind)
                {
                    case StepKind.Forward or StepKind.ForwardOnly:
                        var node = graph.Nodes[steps[i].Id];
                        seconds += !hasRun[node.Id] || steps[i].Kind == StepKind.Forward && node.HasGraph ? node.Forward : node.Recompute;
                        Forward(node, steps[i].Kind == StepKind.Forward, inPlace[i]);
                        break;
                    case StepKind.Free: Free(steps[i].Id); break;
                    case StepKind.Forget: Forget(steps[i].Id); break;
                    case StepKind.InputGradient: seconds += InputGradient(graph.Nodes[steps[i].Id], steps[i].Way); break;
                    case StepKind.ParameterGradients when deferred.Remove(steps[i].Id, out var put):
                        var way = Numbered(graph.Nodes[steps[i].Id].ParameterWays, steps[i].Way);
                        blocks.Transient(way.Workspace);
                        seconds += way.Seconds;
                        blocks.Release(put.Input);
                        blocks.Release(put.Gradient);
                        break;
                    default: seconds += Backward(graph.Nodes[steps[i].Id], steps.AsSpan(i), long.MaxValue); break;
                }
                peak = Math.Max(peak, blocks.StepPeak);
            }
            if (part == 0)
                foreach (var value in freed) Free(value);
            parts[part] = new(peak, blocks.Live, seconds);
        }
        return parts;
    }

    /// <summary>
    /// What happens while one node runs backward by itself, after a forward and one for the output alone, its inputs being there and the output where it is read: bytes
    /// alive when its workspace is asked for, and bytes left, both against those before.
    /// </summary>
    internal (long UnderWorkspace, long Change) BackwardAlone(int id)
    {
        Reset();
        var node = graph.Nodes[id];
        blocks.BeginStep(0);
        foreach (var input in node.Inputs.Distinct()) Provide(input);
        Forward(node, keepGraph: true, into: -1);
        Forward(node, keepGraph: false, into: -1);
        if (!graph.Graph.Nodes[id].Op.Saves(graph.Graph.Nodes[id]).Output) Free(id + 1);
        gradients.Make(id + 1);
        var before = blocks.Live;
        blocks.BeginStep(1);
        BackwardWhole(node, node.BackwardWorkspace);
        var point = blocks.Point(1);
        return (point.BytesUnderWorkspace - before, point.LiveBytes - before);
    }

    private void Provide(int value)
    {
        if (held[value] != BlockAccount.None || graph.IsFixed[value]) return;
        var producer = graph.Nodes[value - 1];
        if (producer.StaysApart)
        {
            foreach (var input in producer.Inputs) Provide(input);
            held[value] = Pieces(producer);
        }
        else held[value] = blocks.New(value, gradient: false);
    }

    private void Reset()
    {
        Array.Fill(held, BlockAccount.None);
        gradients.Reset();
        blocks.Reset();
        Array.Clear(hasRun);
        Array.Clear(hasGraph);
        Array.Clear(hasAdded);
        foreach (var node in pinning) pins[node].Clear();
        pinning.Clear();
        deferred.Clear();
    }

    private void Forward(PlanningGraph.Facts node, bool keepGraph, int into)
    {
        var output = node.Id + 1;
        if (held[output] != BlockAccount.None) blocks.Release(ref held[output]);
        var isAgain = hasRun[node.Id];
        if (node.IsRandom && !isAgain) blocks.Save(PlanningGraph.GeneratorBytes);
        hasRun[node.Id] = true;
        if (node.IsFixed)
        {
            held[output] = BlockAccount.Callers;
            if (keepGraph && node.HasGraph) hasGraph[node.Id] = true;
        }
        else if (node.IsView) held[output] = blocks.Own(Held(node, 0));
        else if (node.StaysApart) held[output] = Pieces(node);
        else if (into >= 0) held[output] = blocks.Own(Held(node, into));
        else
        {
            for (var i = 0; i < node.Inputs.Length; i++) Held(node, i);
            keepGraph &= node.HasGraph;
            if (keepGraph) Forget(node.Id);
            held[output] = blocks.New(output, gradient: false, isAgain);
            if (keepGraph) blocks.Save(node.Extra);
            blocks.Transient(keepGraph ? node.ForwardWorkspace : node.RecomputeWorkspace);
            if (!keepGraph) return;
            hasGraph[node.Id] = true;
            if (!node.Swappable || node.SavesOutput) Pin(node, output);
        }
    }

    private readonly Dictionary<int, (int Input, int Gradient)> deferred = []; // blocks that gradients of parameters are yet to be made of

    private double InputGradient(PlanningGraph.Facts node, int number)
    {
        RequireSaved(node);
        var input = blocks.Own(graph.IsFixed[node.Inputs[0]] ? BlockAccount.Callers : held[node.Inputs[0]]);
        var gradient = Take(node, out _);
        var way = node.InputWays.Length == 0 ? null : Numbered(node.InputWays, number);
        if (graph.Wants[node.Inputs[0]])
        {
            var arriving = blocks.New(node.Inputs[0], gradient: true);
            blocks.Transient(way?.Workspace ?? 0);
            gradients.Add(node.Inputs[0], arriving, part: false);
        }
        deferred[node.Id] = (input, gradient);
        Forget(node.Id);
        if (held[node.Id + 1] != BlockAccount.None) blocks.Release(ref held[node.Id + 1]);
        return way?.Seconds ?? 0;
    }

    private int Pieces(PlanningGraph.Facts node)
    {
        var pieces = new int[node.Inputs.Length];
        for (var i = 0; i < pieces.Length; i++) pieces[i] = Held(node, i);
        return blocks.List(pieces);
    }

    private void Pin(PlanningGraph.Facts node, int output)
    {
        pinning.Add(node.Id);
        if (!node.Swappable)
            foreach (var input in node.SavedInputs)
                if (!graph.IsFixed[input]) pins[node.Id].Add(blocks.Own(held[input]));
        if (node.SavesOutput) pins[node.Id].Add(blocks.Own(held[output]));
    }

    private int Held(PlanningGraph.Facts node, int input)
    {
        var value = node.Inputs[input];
        return graph.IsFixed[value] ? BlockAccount.Callers : held[value] != BlockAccount.None ? held[value]
            : throw new InvalidOperationException($"the schedule runs {graph.Graph.Nodes[node.Id].Name} after freeing its input {graph.Graph.Nodes[value - 1].Name}");
    }

    private void Free(int value)
    {
        if (held[value] != BlockAccount.None) blocks.Release(ref held[value]);
    }

    private void Forget(int node)
    {
        if (!hasGraph[node]) return;
        hasGraph[node] = false;
        blocks.Save(-graph.Nodes[node].Extra);
        foreach (var block in pins[node]) blocks.Release(block);
        pins[node].Clear();
    }

    private void Loss()
    {
        if (graph.LossOverwrites) Free(graph.Outputs[0]);
        foreach (var output in graph.Outputs)
            if (graph.Wants[output]) gradients.Make(output);
        blocks.Transient(graph.Profile.LossWorkspace);
        foreach (var output in graph.GoesWithLoss) Free(output);
    }

    /// <summary>A backward, or the part of it that the first of the steps is; returns its seconds.</summary>
    private double Backward(PlanningGraph.Facts node, ReadOnlySpan<Step> steps, long budget)
    {
        var (kind, way) = (steps[0].Kind, steps[0].Way);
        if (way == Step.Open && kind == StepKind.ParameterGradients) Choose(node, steps, budget);
        var isAutograd = way == Step.Open ? ways.IsAutograd(node.Id) : kind == StepKind.Backward && !hasAdded[node.Id];
        if (isAutograd && way == Step.Open && kind == StepKind.Backward) return 0; // it has run in place of the step before
        if (isAutograd)
        {
            BackwardWhole(node, node.BackwardWorkspace);
            return node.Backward;
        }
        if (kind == StepKind.ParameterGradients) return ParameterGradients(node, way == Step.Open ? ways.Parameters(node.Id) : way);
        var rest = node.InputWays.Length == 0 ? null : Numbered(node.InputWays, way == Step.Open ? ways.Input(node.Id) : way);
        BackwardWhole(node, rest?.Workspace ?? 0);
        return rest?.Seconds ?? 0;
    }

    private void Choose(PlanningGraph.Facts node, ReadOnlySpan<Step> steps, long budget)
    {
        var output = node.Id + 1;
        if (!gradients.Has(output))
        {
            ways.Leave(node.Id);
            return;
        }
        // The output goes first; the gradient may be copied before that.
        var released = blocks.FreedBy(held[output]);
        if (gradients.CopiesWhenTaken(node, node.Rectifies)) released -= graph.ValueBytes[output];
        long arriving = 0, freed = 0;
        foreach (var input in node.Inputs)
            if (graph.Wants[input]) arriving += graph.ValueBytes[input];
        for (var i = 1; i < steps.Length && steps[i].Kind == StepKind.Free; i++)
            freed += blocks.FreedBy(held[steps[i].Id]);
        ways.Choose(node, budget - blocks.Live + released, arriving, freed);
    }

    private static BackwardWay Numbered(BackwardWay[] ways, int number)
    {
        foreach (var way in ways)
            if (way.Number == number) return way;
        throw new InvalidOperationException($"the profile has no way {number} to run backward");
    }

    private double ParameterGradients(PlanningGraph.Facts node, int number)
    {
        var way = Numbered(node.ParameterWays, number);
        var gradient = Take(node, out _);
        if (gradient < 0) return way.Seconds;
        RequireSaved(node);
        hasAdded[node.Id] = true;
        blocks.Transient(way.Workspace);
        gradients.PutBack(node.Id + 1, gradient);
        return way.Seconds;
    }

    private void BackwardWhole(PlanningGraph.Facts node, long workspace)
    {
        var gradient = Take(node, out var isPart);
        if (gradient >= 0)
            if (node.HasGraph) Kernels(node, gradient, workspace);
            else gradients.PassOn(node, gradient, isPart);
        Forget(node.Id);
        if (held[node.Id + 1] != BlockAccount.None) blocks.Release(ref held[node.Id + 1]);
    }

    /// <summary>Takes the gradient of a node's output, or none; the output itself is read by nobody any more.</summary>
    private int Take(PlanningGraph.Facts node, out bool isPart)
    {
        isPart = false;
        var output = node.Id + 1;
        if (!gradients.Has(output)) return BlockAccount.None;
        var isMasked = node.Rectifies && !hasAdded[node.Id];
        if (isMasked && node.MasksByOutput && held[output] == BlockAccount.None)
            throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing its output");
        var gradient = gradients.Take(node, isMasked, out isPart);
        if (held[output] != BlockAccount.None) blocks.Release(ref held[output]);
        return gradient;
    }

    private readonly int[] arriving = new int[256];

    private void Kernels(PlanningGraph.Facts node, int gradient, long workspace)
    {
        if (!hasAdded[node.Id]) RequireSaved(node);
        if (node.OverwritesGradient && !blocks.IsShared(gradient))
        {
            blocks.Transient(workspace);
            blocks.Save(node.BackwardResidue);
            Forget(node.Id);
            gradients.Add(node.Inputs[0], gradient, part: false);
            return;
        }
        for (var i = 0; i < node.Inputs.Length; i++)
            if (graph.Wants[node.Inputs[i]]) arriving[i] = blocks.New(node.Inputs[i], gradient: true);
        blocks.Transient(workspace);
        blocks.Save(node.BackwardResidue);
        blocks.Release(gradient);
        Forget(node.Id);
        for (var i = 0; i < node.Inputs.Length; i++)
            if (graph.Wants[node.Inputs[i]]) gradients.Add(node.Inputs[i], arriving[i], part: false);
    }

    private void RequireSaved(PlanningGraph.Facts node)
    {
        if (!hasGraph[node.Id]) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} without its graph");
        foreach (var need in node.Needs)
            if (held[need] == -1) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing {graph.Graph.Nodes[need - 1].Name}");
    }
}
