using Interactive.Graphs;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// The gradient of one or several values: a sum hands the same bytes on to all its inputs, a join a part to each. Only
/// an owner that is alone may write them, and nobody writes a part.
/// </summary>
internal sealed class SharedGradient(Tensor tensor)
{
    private int owners = 1;
    private SharedGradient? whole; // of which this is a part or a repetition

    public Tensor Tensor { get; } = tensor;
    /// <summary>
    /// Of an operator with several results, laid in one value: the gradient of each, as it came, null where none came.
    /// </summary>
    public SharedGradient?[]? Results { get; init; }
    public bool IsPart => whole is not null && !IsRepetition;
    /// <summary>
    /// One number stands in several places, or what is seen lies in another gradient's bytes: nobody writes it, and
    /// each reads it as it lies.
    /// </summary>
    public bool IsRepetition { get; private init; } = RepeatsItself(tensor);
    public bool IsShared => owners > 1 || whole is not null || IsRepetition;

    private static bool RepeatsItself(Tensor tensor)
    {
        if (tensor.is_contiguous()) return false;
        var (sizes, strides) = (tensor.shape, tensor.stride());
        for (var i = 0; i < sizes.Length; i++)
            if (strides[i] == 0 && sizes[i] > 1) return true;
        return false;
    }

    /// <summary>One more owner.</summary>
    public SharedGradient Share()
    {
        owners++;
        return this;
    }

    /// <summary>
    /// Channels [<paramref name="from"/>, <paramref name="from"/> + <paramref name="count"/>) as they lie; the whole
    /// lives as long as they do.
    /// </summary>
    public SharedGradient Part(long from, long count) => new(Tensor.narrow(1, from, count)) { whole = Share() };

    /// <summary>
    /// A view that repeats numbers of this one, as autograd hands it on from a sum; nobody writes it.
    /// </summary>
    public SharedGradient Repeated(Tensor view) => new(view) { whole = Share(), IsRepetition = true };

    /// <summary>One owner fewer; the last one frees the bytes.</summary>
    public void Release()
    {
        if (--owners > 0) return;
        Tensor.Dispose();
        whole?.Release();
        foreach (var result in Results ?? []) result?.Release();
    }

    /// <summary>
    /// Adds another gradient of the same value. Takes over both owners' shares and returns the sum's.
    /// </summary>
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

    /// <summary>
    /// The same numbers in bytes of their own. Takes over the owner's share and returns the result's.
    /// </summary>
    public SharedGradient Copied()
    {
        var copy = new SharedGradient(Tensor.clone()); // contiguous, as a part is not dense
        Release();
        return copy;
    }

    /// <summary>The same numbers, laid anew. Takes over the owner's share and returns the result's.</summary>
    public SharedGradient Laid(MemoryFormat format)
    {
        var copy = new SharedGradient(LaidTensor.Of(Tensor, format));
        Release();
        return copy;
    }

    /// <summary>
    /// Zero where a rectifier's output is not positive. Takes over the owner's share and returns the result's.
    /// </summary>
    public SharedGradient Masked(Tensor output)
        => Masked(isAlike: output.is_contiguous() ? Tensor.is_contiguous()
            : !ChannelsLast.Has(output) || ChannelsLast.Has(Tensor), () => empty_like(output),
        (gradient, result) => ElementKernels.Mask(gradient, output, result));

    /// <summary>The same by a pass that writes one tensor masked to another, which may be the same.</summary>
    /// <param name="isAlike">It lies as the output does: else the result is laid so, as autograd's is.</param>
    /// <param name="fresh">Makes a tensor of the output's shape.</param>
    /// <param name="mask">(gradient, result).</param>
    public SharedGradient Masked(bool isAlike, Func<Tensor> fresh, Action<Tensor, Tensor> mask)
    {
        if (!IsShared && isAlike)
        {
            mask(Tensor, Tensor);
            return this;
        }
        var result = new SharedGradient(fresh());
        mask(Tensor, result.Tensor);
        Release();
        return result;
    }
}
