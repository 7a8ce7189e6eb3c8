using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The gradient of one or several values: a sum hands the same bytes on to all its inputs. Only an owner that is alone may
/// write them.
/// </summary>
internal sealed class SharedGradient(Tensor tensor)
{
    private int owners = 1;

    public Tensor Tensor { get; private set; } = tensor;
    public bool IsShared => owners > 1;

    /// <summary>One more owner.</summary>
    public SharedGradient Share()
    {
        owners++;
        return this;
    }

    /// <summary>One owner fewer; the last one frees the bytes.</summary>
    public void Release()
    {
        if (--owners == 0) Tensor.Dispose();
    }

    /// <summary>Adds another gradient of the same value. Takes over both owners' shares and returns the sum's.</summary>
    public SharedGradient Add(SharedGradient arriving)
    {
        if (!IsShared) Tensor.add_(arriving.Tensor, Scalars.One);
        else if (!arriving.IsShared)
        {
            arriving.Tensor.add_(Tensor, Scalars.One); // the same bits: a sum of two commutes
            Release();
            return arriving;
        }
        else
        {
            var sum = new SharedGradient(Tensor.add(arriving.Tensor, Scalars.One));
            Release();
            arriving.Release();
            return sum;
        }
        arriving.Release();
        return this;
    }

    /// <summary>Zero where a rectifier's output is not positive. Takes over the owner's share and returns the result's.</summary>
    public SharedGradient Masked(Tensor output)
    {
        if (!IsShared)
        {
            ElementKernels.Mask(Tensor, output);
            return this;
        }
        var result = new SharedGradient(empty_like(Tensor));
        ElementKernels.Mask(Tensor, output, result.Tensor);
        Release();
        return result;
    }
}
