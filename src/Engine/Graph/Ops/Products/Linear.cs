using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>x W^T + b over the last dimension, optionally with a rectifier. Backward reads the input.</summary>
internal sealed class Linear(TorchSharp.Modules.Linear module, bool relu = false) : Op, IBackwardInParts, IDirectUnary
{
    /// <inheritdoc/>
    public override string Kind => relu ? "linear_relu" : "linear";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["out_features"] = OutFeatures,
        ["bias"] = module.bias is not null,
    };
    /// <inheritdoc/>
    public override nn.Module Module => module;
    /// <inheritdoc/>
    public override bool IsCheap => false;
    internal override bool GradientsInTurn => true;

    private long InFeatures => module.weight!.shape[1];
    private long OutFeatures => module.weight!.shape[0];

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var x = inputs[0];
        if (x.Shape.Rank == 0 || x.Shape[^1] != InFeatures)
            throw new GraphException($"expects {InFeatures} features, got {x.Shape}");
        return (new Shape([.. x.Shape.ToArray()[..^1], OutFeatures]), x.Type);
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using var own = new TypedWeights(inputs[0], module.weight!, module.bias);
        var y = nn.functional.linear(inputs[0], own.Weight, own.Bias!);
        return relu ? ReluInPlace(y, mode) : y;
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
        => LinearGradients.Backward(input, gradient, module.weight!, module.bias, wantsInput);

    /// <inheritdoc/>
    public override Saved Saves(Node node) => new(Inputs: 1, Output: relu);
    /// <inheritdoc/>
    public override bool Rectifies => relu;
    /// <inheritdoc/>
    public override Op? WithRelu() => relu ? null : new Linear(module, relu: true);
    /// <inheritdoc/>
    public override double Flops(Node node) => 2.0 * node.Output.Shape.Elements * InFeatures;

    /// <inheritdoc/>
    public IEnumerable<int> ParameterWays(Node node, long batch)
    {
        if (node.Inputs[0].Type == module.weight!.dtype) yield return InPlace;
        for (var parts = 1; parts == 1
            || parts <= MostParts && OutFeatures % parts == 0 && OutFeatures / parts >= LeastFeatures; parts *= 2)
            yield return parts + 1;
    }

    /// <inheritdoc/>
    public IEnumerable<int> InputWays(Node node, long batch) => [1];

    private const int InPlace = 1; // the product is added where it is made; n + 1 is n parts, made aside
    private const int MostParts = 64;
    private const long LeastFeatures = 16; // of a part: kernels work on blocks of so many

    /// <inheritdoc/>
    public void AddParameterGradients(Tensor input, Tensor gradient, int way)
    {
        using var _ = no_grad();
        using var rows = LinearGradients.Rows(gradient);
        if (module.weight!.requires_grad)
        {
            using var read = LinearGradients.Rows(input);
            AddWeightGradient(read, rows, way);
        }
        if (module.bias is not { requires_grad: true } bias) return;
        using var sum = bias.grad!;
        using var piece = LinearGradients.OfBias(gradient);
        sum.add_(piece, Scalars.One);
    }

    private void AddWeightGradient(Tensor input, Tensor gradient, int way)
    {
        using var sum = module.weight!.grad!;
        if (way == InPlace)
        {
            using var turned = gradient.t();
            sum.addmm_(turned, input);
            return;
        }
        var features = OutFeatures / (way - 1);
        for (var from = 0L; from < OutFeatures; from += features)
        {
            using var columns = gradient.narrow(1, from, features);
            using var turned = columns.t();
            using var place = sum.narrow(0, from, features);
            using var piece = turned.mm(input);
            place.add_(piece, Scalars.One);
        }
    }

    /// <inheritdoc/>
    public Tensor InputGradient(Tensor like, Tensor gradient, int way)
    {
        using var _ = no_grad();
        using var rows = LinearGradients.Rows(gradient);
        return LinearGradients.OfInput(gradient, rows, module.weight!);
    }
}
