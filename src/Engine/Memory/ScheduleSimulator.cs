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
    private readonly int[] gradients;  // value -> block, or -1
    private readonly bool[] hasRun, hasGraph, hasAdded; // hasAdded: its parameters' gradients are done
    private readonly OpenWays ways;
    private readonly List<int>[] pins; // node -> blocks its graph keeps alive by itself
    private readonly List<int> pinning = []; // nodes that had pins since the reset
    private long[] blockBytes = new long[256];
    private int[] blockOwners = new int[256];
    private bool[] isGradient = new bool[256];
    private BlockLife[] blockBirths = new BlockLife[256];
    private List<BlockLife>? lives;
    private int now;
    private bool isAgain;
    private int blocks;
    private long values, saved, gradientBytes, live, stepPeak, stepWorkspace;

    /// <summary>Prepares to replay schedules over one graph; not for use by several threads at once.</summary>
    public ScheduleSimulator(PlanningGraph graph)
    {
        this.graph = graph;
        var count = graph.Nodes.Length;
        (held, gradients) = (new int[count + 1], new int[count + 1]);
        (hasRun, hasGraph, hasAdded) = (new bool[count], new bool[count], new bool[count]);
        ways = new OpenWays(graph);
        pins = [.. Enumerable.Range(0, count).Select(_ => new List<int>(0))];
    }

    /// <summary>Replays a schedule.</summary>
    /// <param name="schedule">Over the same fused graph.</param>
    /// <param name="timeline">Receives one point a step (and one, with step -1, for the loss) when given.</param>
    /// <exception cref="InvalidOperationException">The schedule reads bytes that it has freed.</exception>
    public Prediction Run(Schedule schedule, List<TimelinePoint>? timeline = null)
    {
        var steps = schedule.Steps as Step[] ?? [.. schedule.Steps];
        return Run(steps, InPlace.Find(graph.Graph, steps), long.MaxValue, out _, timeline);
    }

    /// <summary>The steps of the last replay with the ways chosen in it.</summary>
    internal Step[] Decided(ReadOnlySpan<Step> steps) => ways.Decided(steps);

    /// <summary>When each block of values and gradients is made and freed, in the order in which they are freed.</summary>
    /// <exception cref="InvalidOperationException">The schedule reads bytes that it has freed.</exception>
    public IReadOnlyList<BlockLife> Lives(Schedule schedule)
    {
        lives = [];
        Run(schedule);
        for (var block = 0; block < blocks; block++)
            if (blockOwners[block] > 0) lives.Add(blockBirths[block] with { Death = schedule.Steps.Count - 1 });
        var found = lives;
        lives = null;
        return found;
    }

    /// <summary>The same over prepared arrays; <paramref name="excess"/> sums the bytes above a budget over all steps.</summary>
    internal Prediction Run(ReadOnlySpan<Step> steps, ReadOnlySpan<sbyte> inPlace, long budget, out double excess, List<TimelinePoint>? timeline = null)
    {
        Reset();
        var (peak, peakStep, seconds, again, slower, recomputes) = (0L, 0, 0.0, 0.0, 0.0, 0);
        excess = 0;
        for (var i = 0; i < steps.Length; i++)
        {
            var step = steps[i];
            stepPeak = live;
            stepWorkspace = 0;
            now = i;
            var recorded = false;
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
                    if (first && step.Id == graph.Output - 1)
                    {
                        if (timeline is not null) Record(i);
                        var before = stepPeak;
                        seconds += graph.Profile.Loss;
                        Loss();
                        if (timeline is not null) Record(-1);
                        stepPeak = Math.Max(before, stepPeak);
                        recorded = true;
                    }
                    break;
                case StepKind.Free: Free(step.Id); break;
                case StepKind.Forget: Forget(step.Id); break;
                case StepKind.ParameterGradients or StepKind.Backward:
                    var backward = Backward(graph.Nodes[step.Id], steps[i..], budget);
                    seconds += backward;
                    slower += step.Kind == StepKind.Backward ? backward - graph.Nodes[step.Id].Backward : backward;
                    break;
            }
            if (stepPeak > peak) (peak, peakStep) = (stepPeak, i);
            if (stepPeak > budget) excess += stepPeak - budget;
            if (timeline is not null && !recorded) Record(i);
        }
        return new Prediction(peak, seconds, again, again + slower, recomputes, peakStep);

        void Record(int i) => timeline.Add(new TimelinePoint(i, stepPeak, values, saved, gradientBytes, stepWorkspace));
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
        foreach (var value in given) held[value] = -2;
        var (peak, forwardPeak, kept, seconds, isForward) = (0L, 0L, 0L, 0.0, true);
        for (var i = 0; i <= steps.Length; i++)
        {
            if (isForward && (i == steps.Length || steps[i].Kind != StepKind.Free && forwards-- == 0))
            {
                (forwardPeak, kept, peak, seconds, isForward) = (peak, live, 0, 0, false);
                if (i == steps.Length) break;
                foreach (var value in handedOn) gradients[value] = New(value, gradient: true);
            }
            if (i == steps.Length) break;
            stepPeak = live;
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
            peak = Math.Max(peak, stepPeak);
        }
        return new(forwardPeak, kept, peak, seconds);
    }

    private void Reset()
    {
        Array.Fill(held, -1);
        Array.Fill(gradients, -1);
        Array.Clear(hasRun);
        Array.Clear(hasGraph);
        Array.Clear(hasAdded);
        foreach (var node in pinning) pins[node].Clear();
        pinning.Clear();
        blocks = 0;
        values = saved = gradientBytes = live = 0;
    }

    private void Forward(PlanningGraph.Facts node, bool keepGraph, int into)
    {
        var output = node.Id + 1;
        if (held[output] != -1) Release(ref held[output]);
        isAgain = hasRun[node.Id];
        if (node.IsRandom && !hasRun[node.Id]) Save(PlanningGraph.GeneratorBytes);
        hasRun[node.Id] = true;
        if (node.IsView) held[output] = Own(Held(node, 0));
        else if (into >= 0) held[output] = Own(Held(node, into));
        else if (node.HasGraph && keepGraph)
        {
            for (var i = 0; i < node.Inputs.Length; i++) Held(node, i);
            Forget(node.Id);
            held[output] = New(output, gradient: false);
            Save(node.Extra);
            Transient(node.ForwardWorkspace);
            hasGraph[node.Id] = true;
            if (!node.Swappable) Pin(node, output);
        }
        else
        {
            for (var i = 0; i < node.Inputs.Length; i++) Held(node, i);
            held[output] = New(output, gradient: false);
            Transient(node.RecomputeWorkspace);
        }
    }

    private void Pin(PlanningGraph.Facts node, int output)
    {
        pinning.Add(node.Id);
        foreach (var input in node.SavedInputs)
            if (input != 0) pins[node.Id].Add(Own(held[input]));
        if (node.SavesOutput) pins[node.Id].Add(Own(held[output]));
    }

    private int Held(PlanningGraph.Facts node, int input)
    {
        var value = node.Inputs[input];
        return value == 0 ? -2 : held[value] != -1 ? held[value]
            : throw new InvalidOperationException($"the schedule runs {graph.Graph.Nodes[node.Id].Name} after freeing its input {graph.Graph.Nodes[value - 1].Name}");
    }

    private void Free(int value)
    {
        if (held[value] != -1) Release(ref held[value]);
    }

    private void Forget(int node)
    {
        if (!hasGraph[node]) return;
        hasGraph[node] = false;
        Save(-graph.Nodes[node].Extra);
        foreach (var block in pins[node]) Release(block);
        pins[node].Clear();
    }

    private void Loss()
    {
        (stepPeak, stepWorkspace) = (live, 0);
        gradients[graph.Output] = New(graph.Output, gradient: true);
        Transient(graph.Profile.LossWorkspace);
        if (graph.OutputEndsWithLoss) Free(graph.Output);
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
        if (gradients[output] < 0)
        {
            ways.Leave(node.Id);
            return;
        }
        // The output goes first, or its bytes while a shared gradient is masked into new ones.
        long released = held[output] >= 0 && blockOwners[held[output]] == 1 ? blockBytes[held[output]] : 0;
        if (node.Rectifies && blockOwners[gradients[output]] > 1) released -= graph.ValueBytes[output];
        long arriving = 0, freed = 0;
        foreach (var input in node.Inputs)
            if (input != 0) arriving += graph.ValueBytes[input];
        for (var i = 1; i < steps.Length && steps[i].Kind == StepKind.Free; i++)
            if (held[steps[i].Id] is >= 0 and var block && blockOwners[block] == 1) freed += blockBytes[block];
        ways.Choose(node, budget - live + released, arriving, freed);
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
        var gradient = Arrived(node);
        if (gradient < 0) return way.Seconds;
        RequireSaved(node);
        hasAdded[node.Id] = true;
        Transient(way.Workspace);
        gradients[node.Id + 1] = gradient;
        return way.Seconds;
    }

    private void BackwardWhole(PlanningGraph.Facts node, long workspace)
    {
        var gradient = Arrived(node);
        if (gradient >= 0)
            if (node.IsSum) PassOn(node, gradient);
            else if (node.IsView) PassView(node, gradient);
            else BackwardGraph(node, gradient, workspace);
        Forget(node.Id);
        if (held[node.Id + 1] != -1) Release(ref held[node.Id + 1]);
    }

    /// <summary>Takes the gradient of a node's output, masked, or -1; the output itself is read by nobody any more.</summary>
    private int Arrived(PlanningGraph.Facts node)
    {
        var output = node.Id + 1;
        var gradient = gradients[output];
        gradients[output] = -1;
        if (gradient < 0) return gradient;
        if (node.Rectifies && !hasAdded[node.Id])
        {
            if (held[output] == -1) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing its output");
            if (blockOwners[gradient] > 1)
            {
                var masked = New(output, gradient: true);
                Release(gradient);
                gradient = masked;
            }
        }
        if (held[output] != -1) Release(ref held[output]);
        return gradient;
    }

    private void PassOn(PlanningGraph.Facts node, int gradient)
    {
        for (var i = 0; i < node.Inputs.Length; i++)
            if (node.Inputs[i] != 0)
                Accumulate(node.Inputs[i], node.Weights[i] == 1 ? Own(gradient) : New(node.Inputs[i], gradient: true));
        Release(gradient);
    }

    private void PassView(PlanningGraph.Facts node, int gradient)
    {
        if (node.Inputs[0] != 0)
            Accumulate(node.Inputs[0], blockOwners[gradient] > 1 ? New(node.Inputs[0], gradient: true) : Own(gradient));
        Release(gradient);
    }

    private readonly int[] arriving = new int[256];

    private void BackwardGraph(PlanningGraph.Facts node, int gradient, long workspace)
    {
        if (!hasAdded[node.Id]) RequireSaved(node);
        for (var i = 0; i < node.Inputs.Length; i++)
            if (node.Inputs[i] != 0) arriving[i] = New(node.Inputs[i], gradient: true);
        Transient(workspace);
        Save(node.BackwardResidue);
        Release(gradient);
        Forget(node.Id);
        for (var i = 0; i < node.Inputs.Length; i++)
            if (node.Inputs[i] != 0) Accumulate(node.Inputs[i], arriving[i]);
    }

    private void RequireSaved(PlanningGraph.Facts node)
    {
        if (!hasGraph[node.Id]) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} without its graph");
        foreach (var need in node.Needs)
            if (held[need] == -1) throw new InvalidOperationException($"the schedule runs the backward of {graph.Graph.Nodes[node.Id].Name} after freeing {graph.Graph.Nodes[need - 1].Name}");
    }

    private void Accumulate(int value, int block)
    {
        ref var sum = ref gradients[value];
        if (sum < 0) sum = block;
        else if (blockOwners[sum] == 1) Release(block);
        else if (blockOwners[block] == 1)
        {
            Release(sum);
            sum = block;
        }
        else
        {
            var joined = New(value, gradient: true);
            Release(sum);
            Release(block);
            sum = joined;
        }
    }

    private int New(int value, bool gradient)
    {
        var bytes = graph.ValueBytes[value];
        if (blocks == blockBytes.Length)
        {
            Array.Resize(ref blockBytes, 2 * blocks);
            Array.Resize(ref blockOwners, 2 * blocks);
            Array.Resize(ref isGradient, 2 * blocks);
            Array.Resize(ref blockBirths, 2 * blocks);
        }
        blockBytes[blocks] = bytes;
        blockOwners[blocks] = 1;
        isGradient[blocks] = gradient;
        blockBirths[blocks] = new(value, gradient, isAgain && !gradient, bytes, now, 0);
        live += bytes;
        if (gradient) gradientBytes += bytes;
        else values += bytes;
        if (live > stepPeak) stepPeak = live;
        return blocks++;
    }

    // Block -2 is the graph's input, which the caller owns.
    private int Own(int block)
    {
        if (block >= 0) blockOwners[block]++;
        return block;
    }

    private void Release(ref int holder)
    {
        Release(holder);
        holder = -1;
    }

    private void Release(int block)
    {
        if (block < 0 || --blockOwners[block] > 0) return;
        lives?.Add(blockBirths[block] with { Death = now });
        live -= blockBytes[block];
        if (isGradient[block]) gradientBytes -= blockBytes[block];
        else values -= blockBytes[block];
    }

    private void Save(long bytes)
    {
        saved += bytes;
        live += bytes;
        if (live > stepPeak) stepPeak = live;
    }

    private void Transient(long bytes)
    {
        stepWorkspace += bytes;
        if (live + bytes > stepPeak) stepPeak = live + bytes;
    }
}
