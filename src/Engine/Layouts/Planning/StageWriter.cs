using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Blocks;
using Interactive.Memory.Chains;
using Interactive.Runtime;

namespace Interactive.Layouts;

/// <summary>Writes the schedules of stages.</summary>
internal sealed class StageWriter(PlanningGraph graph)
{
    private readonly StepWriter writer = new(graph) { Retention = new Retention(graph) };

    /// <summary>The stage's schedule that recomputes nothing.</summary>
    public StageSchedule KeepAll(Stage stage)
    {
        writer.Clear();
        writer.Retention = new Retention(graph);
        foreach (var value in stage.Inputs) writer.Give(value.Id);
        foreach (var node in Constants(stage)) writer.RunFirst(graph.Nodes[node]);
        for (var n = stage.First; n < stage.End; n++) writer.RunFirst(graph.Nodes[n]);
        var needed = new HashSet<int>(stage.Outputs.Select(v => v.Id));
        for (var n = stage.First; n < stage.End; n++)
        {
            needed.UnionWith(graph.Nodes[n].Needs);
            if (graph.Nodes[n].MasksByOutput) needed.Add(n + 1);
        }
        foreach (var value in stage.Inputs.Select(v => v.Id)
            .Concat(Enumerable.Range(stage.First + 1, stage.End - stage.First)))
            if (!needed.Contains(value) && !graph.IsOutput[value]) writer.Close(value);
        var forwards = writer.Steps;
        writer.Use(stage.Outputs.Select(v => v.Id));
        for (var n = stage.End - 1; n >= stage.First; n--) writer.BackwardOf(graph.Nodes[n]);
        return Cut(stage, writer.Finish(out _), forwards, "keep-all");
    }

    /// <summary>The schedule of a plan over the chain of blocks.</summary>
    /// <param name="stage">Whole blocks of the chain.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="ops">The stage's plan.</param>
    /// <param name="forwards">How many of its operations are the forward.</param>
    /// <param name="holdMasks">As <see cref="BlockWriter"/> takes it.</param>
    public StageSchedule Of(Stage stage, BlockChain chain, IReadOnlyList<ChainOp> ops, int forwards, bool holdMasks)
    {
        var blocks = new BlockWriter(graph, chain);
        var steps = blocks.Write(ops, forwards, holdMasks, [.. stage.Inputs.Select(v => v.Id)], Constants(stage),
            [.. stage.Outputs.Select(v => v.Id)], out _, out var forwardSteps);
        return Cut(stage, steps, forwardSteps, "optimal");
    }

    /// <summary>
    /// The same with the gradients of parameters put off, where an op makes its two parts in ways that have autograd's
    /// bits and its parameters are nobody else's.
    /// </summary>
    public StageSchedule Split(StageSchedule whole)
    {
        var uses = graph.Graph.Nodes.SelectMany(n => n.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        var (steps, rest) = (new List<Step>(), new List<Step>());
        foreach (var step in whole.Schedule.Steps)
        {
            // A step that leaves open how backward runs comes first, then what goes after it, then a second one.
            if (step.Kind is not (StepKind.Backward or StepKind.ParameterGradients)) steps.Add(step);
            else if (step.Kind == StepKind.Backward && step.Way == Step.Open) continue;
            else if (!IsSplit(step.Id)) steps.Add(new(StepKind.Backward, step.Id));
            else
            {
                var facts = graph.Nodes[step.Id];
                steps.Add(new(StepKind.InputGradient, step.Id,
                    facts.InputWays.Length > 0 ? facts.InputWays[0].Number : 0));
                rest.Add(new(StepKind.ParameterGradients, step.Id, facts.ParameterWays[0].Number));
            }
        }
        var backwardEnd = steps.Count;
        return whole with { Schedule = whole.Schedule with { Steps = [.. steps, .. rest] }, BackwardEnd = backwardEnd };

        bool IsSplit(int id)
            => graph.Graph.Nodes[id] is { Op: IBackwardInParts } node && graph.Nodes[id].ParameterWays.Length > 0
            && (graph.Nodes[id].InputWays.Length > 0 || !node.Inputs[0].NeedsGradient)
            && node.Op.Parameters.All(p => uses[p.Identity()] == 1);
    }

    // Sources of earlier stages whose results are always there, and are not sent.
    private int[] Constants(Stage stage)
    {
        var sources = new SortedSet<int>();
        for (var n = stage.First; n < stage.End; n++)
            foreach (var input in graph.Nodes[n].Inputs)
                if (input > 0 && input <= stage.First && graph.IsFixed[input]
                    && !graph.Graph.Nodes[input - 1].Output.IsInput) sources.Add(input - 1);
        return [.. sources];
    }

    private StageSchedule Cut(Stage stage, ReadOnlySpan<Step> steps, int forwards, string planner)
    {
        var forward = 0;
        for (; forwards > 0; forward++)
            if (steps[forward].Kind != StepKind.Free) forwards--;
        // The frees right behind the last step of the forward are the forward's, but for those of values that somebody
        // has yet to read: the loss, or the stage after.
        var end = forward;
        while (end < steps.Length && steps[end].Kind == StepKind.Free) end++;
        var isLast = stage.End == graph.Nodes.Length;
        var frees = steps[forward..end].ToArray();
        bool IsWaitedFor(Step free) => isLast ? graph.IsOutput[free.Id] : stage.Outputs.Any(v => v.Id == free.Id);
        Step[] first = [.. steps[..forward], .. frees.Where(f => !IsWaitedFor(f))];
        var read = new HashSet<int>();
        foreach (var step in steps[end..])
        {
            if (step.Kind == StepKind.Free) continue;
            var node = graph.Nodes[step.Id];
            if (step.Kind is StepKind.Forward or StepKind.ForwardOnly) read.UnionWith(node.Inputs);
            else
            {
                read.UnionWith(node.Needs);
                if (node.MasksByOutput) read.Add(step.Id + 1);
            }
        }
        Step[] all = [.. first, .. frees.Where(f => isLast && IsWaitedFor(f)), .. steps[end..]];
        return new(stage, new Schedule(planner, all) { Batch = graph.Profile.Batch }, first.Length, all.Length,
            [.. stage.Outputs.Select(v => v.Id).Where(v => !read.Contains(v))]);
    }
}
