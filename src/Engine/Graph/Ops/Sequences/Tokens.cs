using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>Looks token numbers up in a table: (tokens) int64 to (tokens, width). Backward reads the numbers.</summary>
/// <param name="module">The table.</param>
/// <param name="paddingIndex">The token that was given to the module as padding, which is not trained; the module does
/// not tell it.</param>
internal sealed class Embedding(TorchSharp.Modules.Embedding module, long? paddingIndex = null) : Op
{
    /// <summary>
    /// Looks up, and nothing else: no row is left untrained, scaled by how often it is read, or shortened.
    /// </summary>
    internal bool IsPlain { get; init; } = paddingIndex is null;
    /// <inheritdoc/>
    public override string Kind => "embedding";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["vocabulary"] = module.weight!.shape[0],
        ["width"] = module.weight!.shape[1],
        ["padding_idx"] = paddingIndex ?? -1,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        if (inputs[0].Type != ScalarType.Int64)
            throw new GraphException($"expects token numbers (int64), got {inputs[0].Type}");
        return (new Shape([.. inputs[0].Shape.ToArray(), module.weight!.shape[1]]), module.weight.dtype);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode) => module.forward(inputs[0]);
    /// <inheritdoc/>
    // Backward reads no output, but libtorch's result is a view of a matrix that its graph holds.
    public override Saved Saves(Node node) => new(Inputs: 1, Output: true, Swappable: false);
}

/// <summary>
/// x E^T with the table of an embedding: (tokens, width) to (tokens, vocabulary), the tied output layer of Press and
/// Wolf (2017). The table stays registered with its embedding only.
/// </summary>
internal sealed class TiedLinear(TorchSharp.Modules.Embedding table) : Op, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => "tied_linear";
    /// <inheritdoc/>
    public override IEnumerable<TorchSharp.Modules.Parameter> Parameters => [table.weight!];
    /// <inheritdoc/>
    public override bool IsCheap => false;
    internal override bool GradientsInTurn => true;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (x, shape) = (inputs[0], table.weight!.shape);
        if (x.Shape.Rank != 2 || x.Shape[1] != shape[1])
            throw new GraphException($"expects tokens of width {shape[1]}, got {x.Shape}");
        return (new Shape(x.Shape[0], shape[0]), x.Type);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var own = new TypedWeights(inputs[0], table.weight!);
        return nn.functional.linear(inputs[0], own.Weight);
    }
    /// <inheritdoc/>
    public bool RunsDirect(Tensor input) => LinearGradients.Takes(input);

    /// <inheritdoc/>
    public Tensor Forward(Tensor input, RunMode mode, out Tensor[] statistics)
    {
        statistics = [];
        return Forward([input], mode);
    }

    /// <inheritdoc/>
    public Tensor? Backward(Tensor input, Tensor gradient, Tensor[] statistics, bool wantsInput)
        => LinearGradients.Backward(input, gradient, table.weight!, bias: null, wantsInput);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1);
    /// <inheritdoc/>
    public override double Flops(Node node) => 2.0 * node.Output.Shape.Elements * node.Inputs[0].Shape[1];
}

/// <summary>Learned numbers that are added to or put in front of every sample's tokens.</summary>
internal sealed class TokenParameter : nn.Module
{
    /// <summary>A (tokens, width) table, normal with deviation 0.02 as in GPT-2 and ViT.</summary>
    public TokenParameter(long tokens, long width, Device? device = null) : base("token")
    {
        weight = new TorchSharp.Modules.Parameter(empty(tokens, width, device: device));
        if (device?.type != DeviceType.META) nn.init.normal_(weight, 0, 0.02);
        RegisterComponents();
    }

    /// <summary>(tokens, width).</summary>
    public readonly TorchSharp.Modules.Parameter weight;
}

/// <summary>Adds a learned vector to each position of (tokens, width).</summary>
internal sealed class PositionalEmbedding(TokenParameter module) : Op
{
    /// <inheritdoc/>
    public override string Kind => "positional_embedding";
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var table = module.weight.shape;
        if (inputs[0].Shape.Rank != 2 || inputs[0].Shape[0] != table[0] || inputs[0].Shape[1] != table[1])
            throw new GraphException($"expects {table[0]}x{table[1]}, got {inputs[0].Shape}");
        return (inputs[0].Shape, inputs[0].Type);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
        => inputs[0].add(module.weight, Scalars.One);
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}

/// <summary>Puts learned tokens in front of each sample's (ViT's class token).</summary>
internal sealed class PrependToken(TokenParameter module) : Op
{
    /// <inheritdoc/>
    public override string Kind => "class_token";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["tokens"] = module.weight.shape[0],
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        RequireRank(inputs[0], 2, "tokens x width");
        return (new Shape(inputs[0].Shape[0] + module.weight.shape[0], inputs[0].Shape[1]), inputs[0].Type);
    }
    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var token = module.weight.unsqueeze(0);
        using var each = token.expand(inputs[0].shape[0], -1, -1);
        return cat([each, inputs[0]], 1);
    }
    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 0);
}
