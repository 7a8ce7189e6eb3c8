using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>e to the x. Backward reads the output.</summary>
public sealed class Exp : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "exp";
    private protected override bool ReadsOutput => true;
    private protected override Tensor Apply(Tensor x) => x.exp();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result) => Call("mul", "out", gradient, read, result);
}

/// <summary>Natural logarithm. Backward reads the input.</summary>
public sealed class Log : DirectFunction
{
    /// <inheritdoc/>
    public override string Kind => "log";
    private protected override Tensor Apply(Tensor x) => x.log();
    private protected override void Write(Tensor gradient, Tensor read, Tensor result) => Call("div", "out", gradient, read, result);
}

/// <summary>Square root. Backward reads the output.</summary>
public sealed class Sqrt : DirectFunction
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

/// <summary>Magnitude. Backward reads the input; at zero the gradient is zero.</summary>
public sealed class Abs : DirectFunction
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
public sealed class Pow(double exponent) : DirectFunction
{
    private readonly double exponent = exponent != 0 ? exponent : throw new GraphException("the power 0 makes a constant of everything: give another exponent");

    /// <inheritdoc/>
    public override string Kind => "pow";
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, object> Attributes => new Dictionary<string, object> { ["exponent"] = exponent };

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
