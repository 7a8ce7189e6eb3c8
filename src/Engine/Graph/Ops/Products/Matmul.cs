using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>
/// The product of matrices, sample by sample: (…, n, k) and (…, k, m) to (…, n, m), the leading dimensions equal.
/// Either can be read transposed. Backward reads each input whose partner's gradient is asked for.
/// </summary>
/// <param name="transposeFirst">The first is stored as (…, k, n).</param>
/// <param name="transposeSecond">The second is stored as (…, m, k).</param>
internal sealed class Matmul(bool transposeFirst = false, bool transposeSecond = false) : DirectOp
{
    /// <inheritdoc/>
    public override string Kind => "matmul";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object>
    {
        ["transpose_first"] = transposeFirst,
        ["transpose_second"] = transposeSecond,
    };
    /// <inheritdoc/>
    public override bool IsCheap => false;

    /// <inheritdoc/>
    public override (Shape, ScalarType) Infer(IReadOnlyList<Value> inputs)
    {
        var (a, b) = (inputs[0].Shape.ToArray(), inputs[1].Shape.ToArray());
        var fits = a.Length >= 2 && a.Length == b.Length && inputs[0].Type == inputs[1].Type
            && a.AsSpan()[..^2].SequenceEqual(b.AsSpan()[..^2]);
        var (n, k) = !fits ? (0, 0) : transposeFirst ? (a[^1], a[^2]) : (a[^2], a[^1]);
        var (other, m) = !fits ? (0, 0) : transposeSecond ? (b[^1], b[^2]) : (b[^2], b[^1]);
        if (!fits || k != other)
            throw new GraphException($"multiplies matrices (n x k by k x m) under equal leading dimensions, got {Of(inputs[0], transposeFirst)} and {Of(inputs[1], transposeSecond)}");
        return (new Shape([.. a[..^2], n, m]), inputs[0].Type);

        static string Of(Value x, bool isTransposed)
            => $"{x.Shape} {x.Type}{(isTransposed ? " transposed" : "")} ({x.Name})";
    }

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<Tensor> inputs, RunMode mode)
    {
        using Tensor a = transposeFirst ? inputs[0].transpose(-1, -2) : inputs[0].alias(),
            b = transposeSecond ? inputs[1].transpose(-1, -2) : inputs[1].alias();
        return a.matmul(b);
    }

    /// <inheritdoc/>
    public override void Backward(ReadOnlySpan<Tensor> inputs, Tensor gradient, Tensor[] statistics,
        ReadOnlySpan<bool> wants, Span<Tensor?> arriving)
    {
        using var ofProduct = Matrices(gradient);
        if (wants[0])
        {
            using Tensor b = Read(inputs[1], !transposeSecond), found = ofProduct.bmm(b);
            arriving[0] = As(found, inputs[0], transposeFirst);
        }
        if (!wants[1]) return;
        using (Tensor a = Read(inputs[0], !transposeFirst),
            found = a.bmm(ofProduct)) arriving[1] = As(found, inputs[1], transposeSecond);
    }

    private static Tensor Matrices(Tensor x) => x.dim() == 3 ? x.alias() : x.flatten(0, -3);

    private static Tensor Read(Tensor x, bool isTransposed)
    {
        var matrices = Matrices(x);
        if (!isTransposed) return matrices;
        using (matrices) return matrices.transpose(1, 2);
    }

    private static Tensor As(Tensor found, Tensor input, bool isTransposed)
    {
        if (!isTransposed) return found.view(input.shape);
        // Not laid in rows: what is before rounds as autograd does only where it reads the gradient as it lies.
        var whole = found.view([.. input.shape[..^2], input.size(-1), input.size(-2)]);
        using (whole) return whole.transpose(-1, -2);
    }

    /// <inheritdoc/>
    public override Saved Saves(Node node)
        => new(Inputs: (node.Inputs[0].NeedsGradient ? 2u : 0) | (node.Inputs[1].NeedsGradient ? 1u : 0));
    /// <inheritdoc/>
    public override double Flops(Node node)
        => 2.0 * node.Output.Shape.Elements * node.Inputs[0].Shape[transposeFirst ? ^2 : ^1];
}
