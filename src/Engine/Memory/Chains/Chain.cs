namespace Interactive.Memory.Chains;

/// <summary>One way to run a block so that its backward can follow.</summary>
/// <param name="Name">What it keeps, in words.</param>
/// <param name="Forward">Seconds of a forward that saves.</param>
/// <param name="Backward">Seconds of the backward, with all it recomputes inside the block.</param>
/// <param name="SavedBytes">Bytes kept until backward: the output among them, the input not.</param>
/// <param name="ForwardWorkspace">Bytes needed besides while the forward runs.</param>
/// <param name="BackwardWorkspace">Bytes needed besides while the backward runs, the gradients at both ends not
/// counted.</param>
public sealed record BlockOption(string Name, double Forward, double Backward, long SavedBytes,
    long ForwardWorkspace = 0, long BackwardWorkspace = 0);

/// <summary>A block of a chain: it reads the block before it and nothing else.</summary>
/// <param name="Forward">Seconds of a forward that saves nothing but its output.</param>
/// <param name="OutputBytes">Bytes of the output.</param>
/// <param name="Workspace">Bytes needed besides while that forward runs.</param>
/// <param name="GradientBytes">Bytes of the gradient of the output.</param>
/// <param name="Options">The ways to run it for backward; at least one.</param>
public sealed record ChainStage(double Forward, long OutputBytes, long Workspace, long GradientBytes,
    IReadOnlyList<BlockOption> Options);

/// <summary>
/// A network as blocks in a row. The first block's input is the caller's and counts nowhere. A loss that takes no
/// memory is one more stage of zeros.
/// </summary>
/// <param name="Stages">The blocks.</param>
/// <param name="InputGradientBytes">Bytes of the gradient of the first block's input, where that is wanted.</param>
public sealed record Chain(IReadOnlyList<ChainStage> Stages, long InputGradientBytes = 0)
{
    /// <summary>Seconds of a step that recomputes nothing: for each block its fastest option.</summary>
    public double LeastSeconds => Stages.Sum(s => s.Options.Min(o => o.Forward + o.Backward));

    /// <summary>Bytes of the gradient of a stage's input.</summary>
    internal long InputGradient(int stage) => stage == 0 ? InputGradientBytes : Stages[stage - 1].GradientBytes;
}
