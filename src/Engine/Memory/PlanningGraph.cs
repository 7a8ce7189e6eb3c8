using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// A fused graph with its profile in flat arrays, as the simulator and the searches read them thousands of times a
/// second. Values are numbered as in the graph: node i writes value i + 1.
/// </summary>
public sealed class PlanningGraph
{
    /// <summary>Bytes of a saved generator state.</summary>
    internal const long GeneratorBytes = 5056;

    /// <summary>Flattens a graph.</summary>
    /// <param name="graph">A fused graph.</param>
    /// <param name="profile">Its profile.</param>
    public PlanningGraph(Graph graph, Profile profile)
    {
        (Graph, Profile) = (graph, profile);
        graph.FindGradients();
        var count = graph.Nodes.Count;
        if (profile.Nodes.Count != count)
            throw new ArgumentException($"the profile has {profile.Nodes.Count} nodes, the graph {count}");
        ValueBytes = [.. graph.Values.Select(v => v.Bytes(profile.Batch))];
        Nodes = [.. graph.Nodes.Select(n => new Facts(n, profile.Nodes[n.Id]))];
        Outputs = [.. graph.Outputs.Select(o => o.Id)];
        GoesWithLoss = [.. graph.Outputs.Where(o => LossRules.LetsGo(o, profile.LossReadsOutput)).Select(o => o.Id)];
        IsOutput = [.. graph.Values.Select(v => v.IsOutput)];
        IsFixed = [.. graph.Values.Select(v => v.IsFixed)];
        Stays = [.. graph.Values.Select(v => v.Producer?.Op.RunsOnce == true)];
        Wants = [.. graph.Values.Select(v => v.NeedsGradient)];
        LossOverwrites = profile.LossOverwrites;
        IsSaved = new bool[count + 1];
        foreach (var node in Nodes)
        {
            foreach (var input in node.Needs) IsSaved[input] = true;
            if (node.MasksByOutput) IsSaved[node.Id + 1] = true;
        }
    }

    /// <summary>The graph.</summary>
    public Graph Graph { get; }
    /// <summary>Its costs.</summary>
    public Profile Profile { get; }
    internal Facts[] Nodes { get; }
    internal long[] ValueBytes { get; }
    /// <summary>The outputs, as values.</summary>
    internal int[] Outputs { get; }
    /// <summary>Those that go before the loss runs backward.</summary>
    internal int[] GoesWithLoss { get; }
    /// <summary>By value: it is an output, which the loss reads.</summary>
    internal bool[] IsOutput { get; }
    /// <summary>By value: its bytes are not the step's, and always there.</summary>
    internal bool[] IsFixed { get; }
    /// <summary>By value: it is made once and never again, so that it stays while anything may read it.</summary>
    internal bool[] Stays { get; }
    /// <summary>By value: it gets a gradient.</summary>
    internal bool[] Wants { get; }
    internal bool LossOverwrites { get; }

    /// <summary>By value: some backward reads it.</summary>
    internal bool[] IsSaved { get; }

    /// <summary>One node in the form the simulator reads.</summary>
    internal sealed class Facts
    {
        public Facts(Node node, NodeProfile profile)
        {
            var saved = node.Op.Saves(node);
            Id = node.Id;
            Inputs = [.. node.Inputs.Select(v => v.Id)];
            Swappable = saved.Swappable;
            SavesOutput = saved.Output && !node.Op.Rectifies && profile.HoldsOutput;
            Rectifies = node.Op.Rectifies;
            HasBackward = node.Output.NeedsGradient && !node.Output.IsInput;
            MasksByOutput = Rectifies && saved.Output && HasBackward;
            IsView = node.Op.IsView;
            ViewsAll = node.Op.ViewsAll;
            IsSum = node.Op.SumWeights is not null;
            Weights = [.. node.Op.SumWeights ?? []];
            IsRandom = node.Op.IsRandom;
            IsJoin = node.Op.IsJoin;
            StaysApart = ConcatPieces.StayApart(node);
            HandsOn =
                [.. Enumerable.Range(0, IsJoin ? Inputs.Length : 0).Select(i => ConcatGradients.AreHandedOn(node, i))];
            IsFixed = node.Output.IsFixed;
            HasGraph = HasBackward && !node.Op.PassesGradientOn;
            OverwritesGradient = node.Op is IOverwritesGradient && node.Inputs[0].NeedsGradient;
            SavedInputs = [.. Enumerable.Range(0, Inputs.Length).Where(saved.Input).Select(i => Inputs[i])];
            Needs = Swappable && HasGraph
                ? [.. Enumerable.Range(0, Inputs.Length).Where(i => saved.Input(i) && !node.Inputs[i].IsFixed)
                .Select(i => Inputs[i])] : [];
            InPlace = Memory.InPlace.Candidates(node);
            Extra = HasGraph ? profile.ExtraBytes : 0;
            Forward = profile.Forward;
            Recompute = profile.Recompute;
            Backward = profile.Backward;
            ForwardWorkspace = profile.ForwardWorkspace;
            RecomputeWorkspace = profile.RecomputeWorkspace;
            BackwardWorkspace = profile.BackwardWorkspace;
            BackwardResidue = profile.BackwardResidue;
            ParameterWays = HasBackward ? [.. profile.ParameterWays] : [];
            InputWays = HasBackward ? [.. profile.InputWays] : [];
            // Worth choosing: a graph that pins more than a few statistics.
            GraphIsChoice = HasGraph && (!Swappable || SavesOutput || Extra * 16 > profile.OutputBytes)
                && node.Op is not IReapplied && !node.Op.RunsOnce;
        }

        public readonly int Id;
        public readonly BackwardWay[] ParameterWays, InputWays;
        public readonly int[] Inputs, SavedInputs, Needs;
        public readonly double[] Weights;
        public readonly bool[] HandsOn; // by input of a join: its part of the gradient is not copied
        public readonly sbyte[] InPlace;
        public readonly bool Swappable, SavesOutput, Rectifies, MasksByOutput, IsView, ViewsAll, IsSum, IsJoin,
            StaysApart, IsRandom, HasGraph, HasBackward, IsFixed, GraphIsChoice, OverwritesGradient;
        public readonly double Forward, Recompute, Backward;
        public readonly long Extra, ForwardWorkspace, RecomputeWorkspace, BackwardWorkspace, BackwardResidue;
    }
}
