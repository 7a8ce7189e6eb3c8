using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// A recurrent net over (tokens, width), from zero states. It gives the top layer's output for each token, or only its
/// last state, both directions side by side. Autograd runs it backward through time and keeps what each step needs.
/// </summary>
internal abstract class Recurrent : Op
{
    private readonly nn.Module module;
    private readonly bool last;
    private readonly Dictionary<string, Tensor> weights;

    private protected Recurrent(nn.Module module, bool lastState)
    {
        if (module.GetType().GetField("_batch_first",
            BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(module) is false)
            throw new GraphException("a recurrent net reads samples first: create it with batchFirst: true");
        (this.module, last) = (module, lastState);
        weights = module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
    }

    private protected long Hidden => weights["weight_hh_l0"].shape[1];
    private protected long Layers
        => weights.Keys.Count(k => k.StartsWith("weight_hh_l", StringComparison.Ordinal)) / Directions;
    private protected long Directions => weights.ContainsKey("weight_hh_l0_reverse") ? 2 : 1;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["hidden_size"] = Hidden,
        ["num_layers"] = Layers,
        ["bidirectional"] = Directions == 2,
        ["bias"] = weights.ContainsKey("bias_ih_l0"),
        ["last_state"] = last,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    /// <inheritdoc/>
    public override bool HasModes => Layers > 1;
    /// <inheritdoc/>
    public override bool IsRandom => Layers > 1; // it may drop between layers

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var width = weights["weight_ih_l0"].shape[1];
        RequireRank(inputs[0], 2, "tokens x width");
        if (inputs[0].Shape[1] != width)
            throw new GraphException($"expects tokens of width {width}, got {inputs[0].Shape}");
        return (last ? new Shape(Directions * Hidden) : new Shape(inputs[0].Shape[0], Directions * Hidden),
            inputs[0].Type);
    }

    private protected abstract (Tensor Output, Tensor State) Run(Tensor x);

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var scope = NewDisposeScope();
        var wasTraining = module.training;
        module.train(mode.Training);
        // so that the gradient arrives in rows however the net turns it
        var laidOut = inputs[0].flatten().view(inputs[0].shape);
        var (output, state) = Run(laidOut);
        module.train(wasTraining);
        if (!last) return Axes.Copy(output).MoveToOuterDisposeScope();
        return Axes.Copy(state.narrow(0, (Layers - 1) * Directions, Directions).transpose(0, 1)
            .reshape(inputs[0].shape[0], Directions * Hidden)).MoveToOuterDisposeScope();
    }

    /// <summary>Numbers kept for each unit and token, roughly: libraries differ.</summary>
    private protected abstract int Kept { get; }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: 1,
        ExtraBytes: batch => 4 * batch * node.Inputs[0].Shape[0] * Hidden * Layers * Directions * Kept,
        Swappable: false);
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * node.Inputs[0].Shape[0] * weights.Where(w => w.Value.dim() == 2).Sum(w => (double)w.Value.numel());
}

/// <summary>Long short-term memory (Hochreiter and Schmidhuber 1997).</summary>
/// <param name="module">Made with <c>batchFirst: true</c>.</param>
/// <param name="lastState">Give the last hidden state instead of all outputs.</param>
internal sealed class Lstm(TorchSharp.Modules.LSTM module, bool lastState = false) : Recurrent(module, lastState)
{
    /// <inheritdoc/>
    public override string Kind => "lstm";
    internal override bool AsksForRecording => true; // of oneDNN, which has kernels for training and for inference
    private protected override int Kept => 12;

    private protected override (Tensor, Tensor) Run(Tensor x)
    {
        var (output, state, _) = module.call(x);
        return (output, state);
    }
}

/// <summary>Gated recurrent unit (Cho et al. 2014).</summary>
/// <param name="module">Made with <c>batchFirst: true</c>.</param>
/// <param name="lastState">Give the last hidden state instead of all outputs.</param>
internal sealed class Gru(TorchSharp.Modules.GRU module, bool lastState = false) : Recurrent(module, lastState)
{
    /// <inheritdoc/>
    public override string Kind => "gru";
    private protected override int Kept => 9;
    private protected override (Tensor, Tensor) Run(Tensor x) => module.call(x);
}
