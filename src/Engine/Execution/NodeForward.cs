using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>Runs nodes forward: recorded by autograd, directly, or for the output alone.</summary>
internal sealed class NodeForward(LiveValues values, ExecutionPlan plan)
{
    /// <summary>Runs a node whose inputs are there.</summary>
    /// <param name="state">The node.</param>
    /// <param name="forBackward">Keep what backward needs; else the output is all.</param>
    /// <param name="into">The input whose bytes the output takes over, or -1.</param>
    public void Run(NodeState state, bool forBackward, int into)
    {
        var node = state.Node;
        if (node.Output.IsInput) // it is there
        {
            state.HasRun = true;
            return;
        }
        state.Training = node.Op.IsTraining(plan.Training);
        var mode = new RunMode(state.Training, Recompute: state.HasRun, Masked: true);
        if (node.Op.IsRandom && !state.HasRun) state.KeepGenerator(values.Device);
        using var replay = node.Op.IsRandom && state.HasRun ? state.ReplayGenerator(values.Device) : null;
        if (values.Has(node.Output)) values.Free(node.Output.Id); // the old bytes go before the new ones come

        if (state.StaysApart && InPieces(node) is { } pieces)
        {
            values.Put(node.Output, pieces);
            state.HasRun = true;
            return;
        }
        Tensor output;
        if (node.Op.PassesGradientOn) output = Alone(state, mode, into);
        else if (!forBackward || !node.Output.NeedsGradient)
            using (no_grad()) output = Alone(state, mode, into);
        else if (node.Op is IDirect op && !(node.Op.HasModes && !state.Training) && op.RunsDirect(First(node))
            && LiesAsPlanned(node))
            using (no_grad()) output = Directly(state, op, mode);
        else output = Recorded(state, mode);
        values.Put(node.Output, output, isAgain: state.HasRun);
        state.HasRun = true;
    }

    // What is applied again, and masks by its input, counts on the order of memory that the graph says; a batch that the
    // user has laid otherwise is autograd's.
    private bool LiesAsPlanned(Node node)
        => node.Op is not IReapplied || LaidTensor.Lies(First(node)[0], node.Inputs[0].Format);

    private Tensor Directly(NodeState state, IDirect op, RunMode mode)
    {
        state.DropGraph();
        var output = op is IReapplied reapplied
            ? reapplied.ForwardPieces(values.Pieces(state.Node.Inputs[0], state.Node), mode, out var statistics)
            : op.Forward(First(state.Node), mode, out statistics);
        state.KeepStatistics(statistics);
        return output;
    }

    /// <summary>
    /// The bytes of each input; of one in pieces, which only an op that reads them all is given, the first.
    /// </summary>
    private Tensor[] First(Node node)
    {
        var inputs = new Tensor[node.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++) inputs[i] = values.Pieces(node.Inputs[i], node)[0];
        return inputs;
    }

    /// <summary>The bytes of all inputs as they are, or null where some are not such as the kernels take.</summary>
    private Tensor[]? InPieces(Node node)
    {
        var pieces = AllPieces(node);
        return Array.TrueForAll(pieces, ElementKernels.Takes) ? Array.ConvertAll(pieces, piece => piece.alias()) : null;
    }

    private Tensor Recorded(NodeState state, RunMode mode)
    {
        var node = state.Node;
        var leaves = state.Leaves = MakeLeaves(state);
        if (node.Op is AtenOp { GivesSeveral: true } several)
        {
            state.Root = several.Forward(leaves, mode, out var results);
            foreach (var result in state.Results = results) values.LetGo(result);
        }
        else state.Root = OfItsOwn(node, leaves, mode, node.Op.Forward(leaves, mode));
        var output = state.Root.detach();
        // A leaf lives as long as its graph: let go of bytes that backward will not read.
        for (var i = 0; i < leaves.Length; i++)
            if (!state.Saved.Input(i) && node.Inputs[i].Producer is not null) values.LetGo(leaves[i]);
        return output;
    }

    private Tensor[] MakeLeaves(NodeState state)
    {
        state.DropGraph();
        var node = state.Node;
        var leaves = new Tensor[node.Inputs.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = values.IsInPieces(node.Inputs[i]) ? values.Joined(node.Inputs[i])
                : values.Of(node.Inputs[i], node).detach();
            if (node.Inputs[i].NeedsGradient) leaves[i].requires_grad_(true);
        }
        return leaves;
    }

    private Tensor Alone(NodeState state, RunMode mode, int into)
    {
        var node = state.Node;
        if (node.Op is IReapplied op && state.Training)
        {
            var pieces = values.Pieces(node.Inputs[0], node);
            if (state.Statistics is { } known) return op.Reapply(pieces, known);
            if (pieces.Length > 1)
            {
                var output = op.ForwardPieces(pieces, mode, out var statistics);
                foreach (var tensor in statistics) tensor.Dispose();
                return output;
            }
        }
        if (node.Op.IsJoin) return node.Op.Forward(AllPieces(node), mode);
        var inputs = new Tensor[node.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = values.IsInPieces(node.Inputs[i]) ? values.Joined(node.Inputs[i])
            : values.Of(node.Inputs[i], node);
        if (into >= 0)
        {
            if (inputs.Length == 1) ElementKernels.Rectify(inputs[0]);
            else ElementKernels.Add(inputs[0], inputs[1], inputs[into], node.Op.Rectifies);
            return inputs[into].alias();
        }
        if (plan.Training && (node.Op.AsksForRecording || node.Output.NeedsGradient && node.Op is (AtenOp or Matmul)))
            return AsIfRecorded(node, inputs, mode);
        return OfItsOwn(node, inputs, mode, node.Op.Forward(inputs, mode));
    }

    // libtorch chooses a product's kernels by whether its factors want gradients, and kernels differ in their last bits.
    private static Tensor AsIfRecorded(Node node, Tensor[] inputs, RunMode mode)
    {
        var wanting = new Tensor?[inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
            if (node.Inputs[i].NeedsGradient) inputs[i] = wanting[i] = inputs[i].detach().requires_grad_(true);
        using var recording = node.Op.AsksForRecording ? enable_grad() : null;
        var recorded = OfItsOwn(node, inputs, mode, node.Op.Forward(inputs, mode));
        var output = recorded.requires_grad ? recorded.detach() : recorded;
        if (!ReferenceEquals(output, recorded)) recorded.Dispose();
        foreach (var each in wanting)
            if (!ReferenceEquals(each, output)) each?.Dispose();
        return output;
    }

    // In evaluation mode some ops hand their input on; everywhere else their results are taken to be bytes of their
    // own.
    private static Tensor OfItsOwn(Node node, Tensor[] inputs, RunMode mode, Tensor output)
    {
        if (mode.Training || !node.Op.HasModes || node.Op.IsView || !ElementKernels.ShareBytes(inputs[0], output))
            return output;
        using (output) return output.clone();
    }

    private Tensor[] AllPieces(Node node)
    {
        var pieces = new List<Tensor>();
        foreach (var input in node.Inputs) pieces.AddRange(values.Pieces(input, node));
        return [.. pieces];
    }
}
