using Interactive.Graphs;

namespace Interactive.Memory;

/// <summary>
/// A fused graph with its profile in flat arrays, as the simulator and the searches read them thousands of times a second.
/// Values are numbered as in the graph: node i writes value i + 1.
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
        var count = graph.Nodes.Count;
        if (profile.Nodes.Count != count) throw new ArgumentException($"the profile has {profile.Nodes.Count} nodes, the graph {count}");
        ValueBytes = [.. graph.Values.Select(v => v.Bytes(profile.Batch))];
        Nodes = [.. graph.Nodes.Select(n => new Facts(n, profile.Nodes[n.Id]))];
        Output = graph.Output.Id;
        OutputEndsWithLoss = EndsWithLoss(graph);
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
    internal int Output { get; }
    internal bool OutputEndsWithLoss { get; }
    internal bool LossOverwrites { get; }

    /// <summary>True when no backward reads the output: it can go as soon as a loss that keeps something else has been computed.</summary>
    internal static bool EndsWithLoss(Graph graph)
        => graph.Output is { Producer: { } last, Consumers.Count: 0 } && !last.Op.Rectifies && !last.Op.Saves(last).Output;

    /// <summary>True when the default loss may write its gradient over such an output.</summary>
    internal static bool LossMayOverwrite(Graph graph)
        => EndsWithLoss(graph) && graph.Output is { Type: TorchSharp.torch.ScalarType.Float32, Shape.Rank: 1 or 2, Producer.Op.IsView: false };

    /// <summary>Bytes of the gradient that such a loss makes aside before it writes them over the output.</summary>
    internal const long LossPieceBytes = 1 << 20;

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
            MasksByOutput = Rectifies && saved.Output;
            IsView = node.Op.IsView;
            ViewsAll = node.Op.ViewsAll;
            IsSum = node.Op.SumWeights is not null;
            Weights = [.. node.Op.SumWeights ?? []];
            IsRandom = node.Op.IsRandom;
            IsJoin = node.Op.IsJoin;
            StaysApart = ConcatPieces.StayApart(node);
            HandsOn = [.. Enumerable.Range(0, IsJoin ? Inputs.Length : 0).Select(i => ConcatGradients.AreHandedOn(node, i))];
            HasGraph = !node.Op.PassesGradientOn;
            OverwritesGradient = node.Op is IOverwritesGradient && node.Inputs[0].Producer is not null;
            SavedInputs = [.. Enumerable.Range(0, Inputs.Length).Where(saved.Input).Select(i => Inputs[i])];
            Needs = Swappable && HasGraph ? [.. SavedInputs.Where(v => v != 0)] : [];
            InPlace = Memory.InPlace.Candidates(node);
            Extra = HasGraph ? profile.ExtraBytes : 0;
            Forward = profile.Forward;
            Recompute = profile.Recompute;
            Backward = profile.Backward;
            ForwardWorkspace = profile.ForwardWorkspace;
            RecomputeWorkspace = profile.RecomputeWorkspace;
            BackwardWorkspace = profile.BackwardWorkspace;
            BackwardResidue = profile.BackwardResidue;
            ParameterWays = [.. profile.ParameterWays];
            InputWays = [.. profile.InputWays];
            // Worth choosing: a graph that pins more than a few statistics.
            GraphIsChoice = HasGraph && (!Swappable || SavesOutput || Extra * 16 > profile.OutputBytes) && node.Op is not IReapplied;
        }

        public readonly int Id;
        public readonly BackwardWay[] ParameterWays, InputWays;
        public readonly int[] Inputs, SavedInputs, Needs;
        public readonly double[] Weights;
        public readonly bool[] HandsOn; // by input of a join: its part of the gradient is not copied
        public readonly sbyte[] InPlace;
        public readonly bool Swappable, SavesOutput, Rectifies, MasksByOutput, IsView, ViewsAll, IsSum, IsJoin, StaysApart, IsRandom, HasGraph, GraphIsChoice, OverwritesGradient;
        public readonly double Forward, Recompute, Backward;
        public readonly long Extra, ForwardWorkspace, RecomputeWorkspace, BackwardWorkspace, BackwardResidue;
    }
}
