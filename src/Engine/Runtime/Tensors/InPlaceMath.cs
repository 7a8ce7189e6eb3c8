using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// The few in-place operations that optimisers are made of, with numbers that no collection can take away
/// (<see cref="Scalars"/>).
/// </summary>
internal static class InPlaceMath
{
    /// <summary><c>tensor *= factor</c>.</summary>
    public static Tensor Times(this Tensor tensor, double factor)
    {
        using var scalar = Scalars.Of(factor);
        return tensor.mul_(scalar);
    }

    /// <summary><c>tensor /= divisor</c>.</summary>
    public static Tensor Over(this Tensor tensor, double divisor)
    {
        using var scalar = Scalars.Of(divisor);
        return tensor.div_(scalar);
    }

    /// <summary><c>tensor += number</c>.</summary>
    public static Tensor Plus(this Tensor tensor, double number)
    {
        using var scalar = Scalars.Of(number);
        return tensor.add_(scalar, Scalars.One);
    }

    /// <summary><c>tensor += factor * other</c>.</summary>
    public static Tensor Plus(this Tensor tensor, Tensor other, double factor = 1)
    {
        using var scalar = Scalars.Of(factor);
        return tensor.add_(other, scalar);
    }

    /// <summary><c>tensor += factor * left * right</c>.</summary>
    public static Tensor PlusProduct(this Tensor tensor, Tensor left, Tensor right, double factor = 1)
    {
        using var scalar = Scalars.Of(factor);
        return tensor.addcmul_(left, right, scalar);
    }

    /// <summary><c>tensor += factor * dividend / divisor</c>.</summary>
    public static Tensor PlusQuotient(this Tensor tensor, Tensor dividend, Tensor divisor, double factor = 1)
    {
        using var scalar = Scalars.Of(factor);
        return tensor.addcdiv_(dividend, divisor, scalar);
    }

    /// <summary>A new tensor <c>left + factor * right</c>.</summary>
    public static Tensor Sum(Tensor left, Tensor right, double factor)
    {
        using var scalar = Scalars.Of(factor);
        return left.add(right, scalar);
    }
}
