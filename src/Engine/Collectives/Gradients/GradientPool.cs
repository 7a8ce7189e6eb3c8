using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Collectives;

/// <summary>
/// One contiguous fp32 buffer that holds the gradients of many parameters, in the order in which backward completes
/// them. Each parameter's <c>grad</c> is a view into it, so a bucket of gradients is a range: nothing is copied in or
/// out. (GradientFlow, Sun et al. 2019, calls it the gradient pool.)
/// </summary>
public sealed class GradientPool : IDisposable
{
    const int Alignment = 16; // floats: every gradient starts on a cache line of its own
    readonly Tensor buffer;
    ICommunicator? lender; // of shared memory: the buffer's, or the window's
    Tensor? window; // where gradients are summed that cannot be where they lie
    readonly Tensor[] views;
    readonly Dictionary<nint, int> places = [];

    /// <summary>
    /// Lays out the gradients of <paramref name="parameters"/> and makes them views; they start as zeros.
    /// </summary>
    /// <param name="parameters">Trainable fp32 parameters of one device, in the order in which backward completes their
    /// gradients; repeated ones (tied weights) count once.</param>
    /// <param name="world">Collective when given: gradients on the CPU live in memory that the ranks of a host share,
    /// where sums need no copies.</param>
    /// <param name="nameOf">Names for error messages; default "parameter i".</param>
    /// <exception cref="UsageException">A parameter is not fp32, or not where the others are.</exception>
    public GradientPool(IEnumerable<Parameter> parameters, ICommunicator? world = null,
        Func<Parameter, string>? nameOf = null)
        : this(parameters, world, nameOf, isApart: false) { }

    /// <summary>Apart: gradients on the CPU are treated as a GPU's, so that a test sees what those meet.</summary>
    internal unsafe GradientPool(IEnumerable<Parameter> parameters, ICommunicator? world,
        Func<Parameter, string>? nameOf, bool isApart)
    {
        var ranges = new List<PoolRange>();
        long length = 0;
        Device? device = null;
        foreach (var parameter in parameters)
        {
            var name = nameOf?.Invoke(parameter) ?? $"parameter {ranges.Count}";
            device ??= parameter.device;
            if (parameter.dtype != ScalarType.Float32 || parameter.device.ToString() != device.ToString())
                throw new UsageException($"{name} is {parameter.dtype} on {parameter.device}: a gradient pool holds Float32 on {device}");
            if (!places.TryAdd(parameter.Identity(), ranges.Count)) continue;
            ranges.Add(new PoolRange(parameter, length, parameter.numel(), name));
            length += (parameter.numel() + Alignment - 1) / Alignment * Alignment;
        }
        Ranges = ranges;
        Length = length;
        IsApart = isApart || device is not null && device.type != DeviceType.CPU;
        if (world?.Size > 1 && !IsApart) lender = world;
        buffer = lender is null ? zeros(Math.Max(length, 1), ScalarType.Float32, device).DetachFromDisposeScope()
            : TensorBlob.Wrap(lender.Allocate(length), length);
        Data = Address(buffer);
        views = [.. ranges.Select(View)];
        for (int i = 0; i < views.Length; i++) Ranges[i].Parameter.grad = views[i];
    }

    /// <summary>The place of each parameter's gradient, in order.</summary>
    public IReadOnlyList<PoolRange> Ranges { get; }

    /// <summary>Floats in the buffer, with the padding between gradients (always zero).</summary>
    public long Length { get; }

    /// <summary>The whole buffer as a one-dimensional tensor (the pool's own: do not dispose).</summary>
    public Tensor Buffer => buffer;

    /// <summary>First float of the buffer, in its device's memory; fixed for the life of the pool.</summary>
    public unsafe float* Data { get; }

    /// <summary>Index of a parameter in <see cref="Ranges"/>, or -1.</summary>
    public int IndexOf(Parameter parameter) => places.GetValueOrDefault(parameter.Identity(), -1);

    /// <summary>
    /// Sets all gradients to zero, and makes those views of the pool again that other code has replaced or cleared.
    /// </summary>
    public void Zero()
    {
        using var _ = no_grad();
        Attach();
        buffer.zero_();
    }

    /// <summary>Makes every parameter's gradient a view of the pool again; what a replacement holds is forgotten.</summary>
    internal void Attach()
    {
        foreach (var (i, _) in Astray()) Ranges[i].Parameter.grad = views[i];
    }

    /// <summary>Indices of the gradients that other code has replaced, or cleared (null).</summary>
    internal IEnumerable<(int Index, bool IsCleared)> Astray()
    {
        for (int i = 0; i < views.Length; i++)
        {
            using var grad = Ranges[i].Parameter.grad;
            if (!IsView(i, grad)) yield return (i, grad is null);
        }
    }

    /// <summary>Whether the gradients lie in memory that the CPU cannot read.</summary>
    internal bool IsApart { get; }

    /// <summary>Gives the pool memory of the CPU in which its gradients can be summed, once; collective.</summary>
    /// <returns>Its first float.</returns>
    internal unsafe float* Stage(ICommunicator world)
    {
        if (window is null) (lender, window) = (world, TensorBlob.Wrap(world.Allocate(Length), Length));
        return Address(window);
    }

    /// <summary>Brings a range to the staging memory, after what was computed so far.</summary>
    internal void Fetch(long start, long count) => Copy(buffer, window!, start, count);

    /// <summary>Brings a range back from the staging memory.</summary>
    internal void Deliver(long start, long count) => Copy(window!, buffer, start, count);

    /// <summary>Multiplies a range where it lies.</summary>
    internal void Scale(long start, long count, double factor)
    {
        using var _ = no_grad();
        using var range = buffer.narrow(0, start, count);
        using var scalar = Scalars.Of(factor);
        range.mul_(scalar);
    }

    static void Copy(Tensor from, Tensor to, long start, long count)
    {
        using var _ = no_grad();
        using var source = from.narrow(0, start, count);
        using var target = to.narrow(0, start, count);
        target.copy_(source);
    }

    /// <summary>
    /// Sets a range to zero by giving its whole pages back to the system. Private CPU memory only: in a shared window
    /// the pages belong to all.
    /// </summary>
    /// <exception cref="InvalidOperationException">The pool is shared or on a GPU.</exception>
    internal unsafe void Discard(long start, long count)
    {
        if (lender is not null || buffer.device_type != DeviceType.CPU)
            throw new InvalidOperationException("only private CPU memory can be given back");
        Pages.Discard(Data + start, (nuint)count * sizeof(float));
    }

    /// <summary>
    /// Makes every parameter's gradient a view of the pool again, for code that has replaced or cleared one (such as
    /// <c>optimizer.zero_grad()</c>); what a replacement holds is copied in, a cleared gradient is zero.
    /// </summary>
    /// <returns>How many had to be put back.</returns>
    public int Seal()
    {
        int repaired = 0;
        foreach (var (i, _) in Astray())
        {
            using var grad = Ranges[i].Parameter.grad;
            Put(i, grad);
            repaired++;
        }
        return repaired;
    }

    /// <summary>Adds the gradient that a parameter has apart from the pool to its place there, and makes it a view again.</summary>
    /// <returns>Whether it had one.</returns>
    internal bool Take(Parameter parameter)
    {
        using var _ = no_grad();
        using var grad = parameter.grad;
        var index = IndexOf(parameter);
        var view = views[index];
        if (IsView(index, grad)) return false;
        if (grad is not null) view.add_(grad);
        parameter.grad = view;
        return grad is not null;
    }

    void Put(int index, Tensor? gradient)
    {
        using var _ = no_grad();
        if (gradient is null) views[index].zero_();
        else views[index].copy_(gradient);
        Ranges[index].Parameter.grad = views[index];
    }

    /// <summary>
    /// Frees the buffer (a shared one goes back to the communicator); the parameters have no gradient afterwards.
    /// </summary>
    public unsafe void Dispose()
    {
        foreach (var range in Ranges)
            if (!range.Parameter.IsInvalid) range.Parameter.grad = null;
        foreach (var view in views) view.Dispose();
        buffer.Dispose();
        var lent = window is null ? Data : Address(window);
        window?.Dispose();
        lender?.Release(lent);
    }

    Tensor View(PoolRange range)
    {
        using var flat = buffer.narrow(0, range.Start, range.Count);
        return flat.view(range.Parameter.shape).DetachFromDisposeScope();
    }

    unsafe bool IsView(int index, Tensor? gradient) => gradient is not null && Address(gradient) == Address(views[index]);

    static unsafe float* Address(Tensor tensor) => tensor.numel() == 0 ? null : ElementKernels.Data(tensor);
}
