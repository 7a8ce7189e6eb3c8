using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// Calls ATen operators that TorchSharp does not expose, through libtorch's stable C interface
/// (<c>torch_call_dispatcher</c>). Arguments: tensors, <c>long</c>, <c>bool</c>, <c>double</c>, <c>long[]</c>, and
/// <see cref="Optional"/> of one of these. Scalar arguments are not supported by that interface.
/// </summary>
internal static unsafe class Aten
{
    /// <summary>An optional argument; null is absent.</summary>
    public readonly record struct Optional(object? Value);

    private const ulong AbiVersion = (2UL << 56) | (10UL << 48); // libtorch 2.10

    private static readonly delegate* unmanaged<byte*, byte*, ulong*, ulong, int> CallDispatcher =
        (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)Export("torch_call_dispatcher");
    private static readonly delegate* unmanaged<nint, nint*, int> NewHandle =
        (delegate* unmanaged<nint, nint*, int>)Export("aoti_torch_new_tensor_handle");
    private static readonly delegate* unmanaged<nuint, nint*, int> NewList =
        (delegate* unmanaged<nuint, nint*, int>)Export("torch_new_list_reserve_size");
    private static readonly delegate* unmanaged<nint, ulong, int> Push =
        (delegate* unmanaged<nint, ulong, int>)Export("torch_list_push_back");

    private static readonly ConcurrentDictionary<string, nint> Operators = new(), Texts = new();

    /// <summary>True when this libtorch exports the interface.</summary>
    public static bool IsAvailable => CallDispatcher != null && NewHandle != null && NewList != null && Push != null;

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;

    /// <summary>
    /// Gives <paramref name="tensor"/> the storage, shape and strides of <paramref name="data"/> while it keeps its place
    /// in the autograd graph: bytes that backward will read can be taken away and given back.
    /// </summary>
    public static void SetData(Tensor tensor, Tensor data) => Call("set_data", "", [], tensor.Handle, data.Handle);

    /// <summary>Calls an operator whose results are tensors; their handles are written to <paramref name="results"/>.</summary>
    /// <exception cref="InvalidOperationException">libtorch refused the call.</exception>
    /// <exception cref="ExternalException">There was no memory for a tensor (<see cref="AllocationFailure.Is"/>).</exception>
    public static void Call(string name, string overload, Span<nint> results, params ReadOnlySpan<object?> arguments)
    {
        var stack = stackalloc ulong[Math.Max(arguments.Length, Math.Max(1, results.Length))];
        for (var i = 0; i < arguments.Length; i++) stack[i] = Encode(arguments[i]);
        Dispatch(name, overload, stack);
        for (var i = 0; i < results.Length; i++) results[i] = (nint)stack[i];
    }

    // The hot call, without boxing.
    private static void Call(string name, string overload, Span<nint> results, nint first, nint second)
    {
        var stack = stackalloc ulong[2];
        stack[0] = Share(first);
        stack[1] = Share(second);
        Dispatch(name, overload, stack);
        for (var i = 0; i < results.Length; i++) results[i] = (nint)stack[i];
    }

    private static void Dispatch(string name, string overload, ulong* stack)
    {
        if (!IsAvailable) throw new NotSupportedException("this libtorch does not export torch_call_dispatcher");
        var failures = AllocationFailure.Count;
        if (CallDispatcher((byte*)Operator(name), (byte*)Text(overload), stack, AbiVersion) == 0) return;
        var call = $"aten::{name}{(overload.Length > 0 ? "." + overload : "")}";
        // The interface writes the message to stderr, and returns that there was one.
        throw AllocationFailure.Count != failures ? AllocationFailure.In(call) : new InvalidOperationException($"libtorch refused {call}; its message is on stderr");
    }

    private static ulong Encode(object? argument) => argument switch
    {
        Tensor tensor => Share(tensor.Handle),
        int number => (ulong)(long)number,
        long number => (ulong)number,
        bool flag => flag ? 1UL : 0UL,
        double number => BitConverter.DoubleToUInt64Bits(number),
        long[] list => EncodeList(list),
        Optional { Value: null } or null => 0,
        Optional { Value: var value } => Box(Encode(value)),
        _ => throw new ArgumentException($"an ATen argument cannot be a {argument.GetType()}"),
    };

    // The callee consumes tensor arguments: pass a handle of its own.
    private static ulong Share(nint tensor) => (ulong)NewTensorHandle(tensor);

    /// <summary>A handle of its own for the tensor behind one.</summary>
    public static nint NewTensorHandle(nint tensor)
    {
        nint copy;
        if (NewHandle(tensor, &copy) != 0) throw new InvalidOperationException("libtorch could not share a tensor handle");
        return copy;
    }

    private static ulong EncodeList(long[] values)
    {
        nint list;
        NewList((nuint)values.Length, &list);
        foreach (var value in values) Push(list, (ulong)value);
        return (ulong)list;
    }

    // The callee frees it with operator delete, which is free() on Linux.
    private static ulong Box(ulong value)
    {
        var box = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        *box = value;
        return (ulong)box;
    }

    private static nint Operator(string name) => Operators.GetOrAdd(name, static n => Marshal.StringToCoTaskMemUTF8("aten::" + n));
    private static nint Text(string text) => Texts.GetOrAdd(text, static t => Marshal.StringToCoTaskMemUTF8(t));
}
