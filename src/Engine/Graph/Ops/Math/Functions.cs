using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>e to the x. Backward reads the output.</summary>
internal sealed class Exp : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "exp";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.exp();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("mul", "out", gradient, read, result);
}

/// <summary>Natural logarithm. Backward reads the input.</summary>
internal sealed class Log : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "log";
    private protected override Tensor Apply(Tensor x) => x.log();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
        => Call("div", "out", gradient, read, result);
}

/// <summary>Square root. Backward reads the output.</summary>
internal sealed class Sqrt : DirectFunction
{
    private static readonly TorchSharp.Scalar Two = 2;

    /// <inheritdoc/>
    public override string Kind => "sqrt";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.sqrt();

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using var twice = read.mul(Two);
        Call("div", "out", gradient, twice, result);
    }
}

/// <summary>1 / sqrt(x). Backward reads the output.</summary>
internal sealed class Rsqrt : DirectFunction
{
    private static readonly TorchSharp.Scalar Three = 3, MinusHalf = -0.5;

    /// <inheritdoc/>
    public override string Kind => "rsqrt";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.rsqrt();

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using Tensor half = gradient.mul(MinusHalf), cubed = read.pow(Three);
        Call("mul", "out", half, cubed, result);
    }
}

/// <summary>Sine. Backward reads the input.</summary>
internal sealed class Sin : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "sin";
    private protected override Tensor Apply(Tensor x) => x.sin();

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using var slope = read.cos();
        Call("mul", "out", gradient, slope, result);
    }
}

/// <summary>Cosine. Backward reads the input.</summary>
internal sealed class Cos : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "cos";
    private protected override Tensor Apply(Tensor x) => x.cos();

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using Tensor sine = read.sin(), slope = sine.neg();
        Call("mul", "out", gradient, slope, result);
    }
}

/// <summary>Magnitude. Backward reads the input; at zero the gradient is zero.</summary>
internal sealed class Abs : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "abs";
    private protected override Tensor Apply(Tensor x) => x.abs();

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using var sign = read.sgn();
        Call("mul", "out", gradient, sign, result);
    }
}

/// <summary>x to a constant power. Backward reads the input.</summary>
/// <param name="exponent">The power, not zero.</param>
/// <exception cref="GraphException">The power is zero.</exception>
internal sealed class Pow(double exponent) : DirectFunction
{
    private readonly double exponent = exponent != 0 ? exponent
        : throw new GraphException("the power 0 makes a constant of everything: give another exponent");

    /// <inheritdoc/>
    public override string Kind => "pow";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes
        => new Dictionary<string, object> { ["exponent"] = exponent };

    private protected override Tensor Apply(Tensor x)
    {
        using var power = Scalars.Of(exponent);
        return x.pow(power);
    }

    private protected override void Write(Tensor gradient, Tensor read, Tensor result)
    {
        using TorchSharp.Scalar power = Scalars.Of(exponent), less = Scalars.Of(exponent - 1);
        using var slope = read.pow(less).mul_(power);
        Call("mul", "out", gradient, slope, result);
    }

    /// <inheritdoc/>
    public override double Flops(Node node) => 4.0 * node.Output.Shape.Elements;
}
