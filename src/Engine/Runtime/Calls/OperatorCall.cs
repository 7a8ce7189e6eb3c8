using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace Interactive.Runtime;

/// <summary>
/// Calls any operator of libtorch's as its own C++ code does, with arguments of every kind:
/// <c>c10::Dispatcher::callBoxed</c> of libtorch 2.10. What it throws is caught on the native side, by the one exported
/// function that takes a function and catches (<c>torch_parallel_for</c>, asked for a single part).
/// </summary>
internal static unsafe class OperatorCall
{
    private const string CallBoxed =
        "_ZNK3c1010Dispatcher9callBoxedERKNS_14OperatorHandleEPSt6vectorINS_6IValueESaIS5_EE",
        Singleton = "_ZN3c1010Dispatcher13realSingletonEv",
            FindSchema = "_ZN3c1010Dispatcher10findSchemaERKNS_12OperatorNameE", Guard = "torch_parallel_for";

    [StructLayout(LayoutKind.Sequential)]
    private struct Stack { public NativeValue* Begin, End, Capacity; }

    private static readonly nint Boxed = Export(CallBoxed);
    private static readonly delegate* unmanaged<long, nint, long, nint, void*,
        int> Guarded = (delegate* unmanaged<long, nint, long, nint, void*, int>)Export(Guard);
    private static readonly ConcurrentDictionary<(string, string), nint> Handles = new();

    /// <summary>True when this libtorch exports what is needed.</summary>
    public static bool IsAvailable { get; } = Boxed != 0 && Guarded != null && Export(Singleton) != 0
        && Export(FindSchema) != 0 && Aten.IsAvailable;

    private static nint Export(string name) => TorchLoader.TryGetExport(name, out var address) ? address : 0;

    /// <summary>
    /// Calls an operator. The arguments, all of them in the schema's order, are consumed; the results are the caller's.
    /// </summary>
    /// <param name="name">With its namespace, as in <c>aten::add</c>.</param>
    /// <param name="overload">As in <c>Tensor</c>; may be empty.</param>
    /// <param name="arguments">Those of the schema, defaults included.</param>
    /// <exception cref="InvalidOperationException">libtorch refused the call.</exception>
    public static NativeValue[] Run(string name, string overload, ReadOnlySpan<NativeValue> arguments)
    {
        var handle = Handles.GetOrAdd((name, overload), static key => Find(key.Item1, key.Item2));
        if (handle == 0) throw new InvalidOperationException($"libtorch has no operator {name}{(overload.Length > 0 ? "." + overload : "")}");
        Stack stack;
        // libtorch may replace it
        stack.Begin = (NativeValue*)NativeMemory.Alloc((nuint)Math.Max(1, arguments.Length),
            (nuint)sizeof(NativeValue));
        arguments.CopyTo(new(stack.Begin, arguments.Length));
        stack.End = stack.Capacity = stack.Begin + arguments.Length;
        // callBoxed does not look at its first argument, the dispatcher: here it is the 1 from which the loop counts to
        // the handle's address.
        var failed = Guarded(1, handle, long.MaxValue, Boxed, &stack) != 0;
        var results = new Span<NativeValue>(stack.Begin, (int)(stack.End - stack.Begin)).ToArray();
        NativeMemory.Free(stack.Begin);
        if (!failed) return results;
        for (var i = 0; i < results.Length; i++) results[i].Release();
        throw new InvalidOperationException($"libtorch refused {name}{(overload.Length > 0 ? "." + overload : "")}; its message is on stderr");
    }

    /// <summary>True when there is such an operator.</summary>
    public static bool Exists(string name, string overload)
        => Handles.GetOrAdd((name, overload), static key => Find(key.Item1, key.Item2)) != 0;

    // In c10::OperatorHandle: the operator, whose schema follows its name; in the schema, after that name, the
    // arguments and the returns.
    private const int NameBytes = 64, VectorBytes = 24;

    /// <summary>
    /// How many arguments an operator takes and how many results it gives; null where that cannot be read.
    /// </summary>
    public static (int Arguments, int Returns)? Counts(string name, string overload)
        => ArgumentBytes.Value is var each and > 0 && Bytes(name, overload) is { } bytes
        ? ((int)(bytes.Arguments / each), (int)(bytes.Returns / each)) : null;

    // The size of what describes one, by operators of which the numbers are known.
    private static readonly Lazy<long> ArgumentBytes = new(() =>
        Bytes("aten::relu", "") is { Arguments: > 0 } one && one.Returns == one.Arguments
            && Bytes("aten::add", "Tensor") is { } three && three.Arguments == 3 * one.Arguments
            && three.Returns == one.Arguments ? one.Arguments : 0);

    private static (long Arguments, long Returns)? Bytes(string name, string overload)
    {
        var handle = Handles.GetOrAdd((name, overload), static key => Find(key.Item1, key.Item2));
        if (handle == 0) return null;
        var schema = (byte*)*(nint*)handle + NameBytes;
        return (Length(schema + NameBytes), Length(schema + NameBytes + VectorBytes));

        static long Length(byte* vector) => *(long*)(vector + sizeof(long)) - *(long*)vector;
    }

    /// <summary>libtorch's own entry of an operator that is there.</summary>
    public static nint Definition(string name, string overload)
        => ((Found*)Handles.GetOrAdd((name, overload), static key => Find(key.Item1, key.Item2)))->Definition;

    [StructLayout(LayoutKind.Sequential)]
    private struct Text { public byte* Start; public long Length, Buffer0, Buffer1; } // std::string

    [StructLayout(LayoutKind.Sequential)]
    private struct OperatorName { public Text Name, Overload; }

    [StructLayout(LayoutKind.Sequential)]
    private struct Found { public nint Definition, Place; public byte IsThere; } // std::optional<c10::OperatorHandle>

    // Handles stay for the process.
    private static nint Find(string name, string overload)
    {
        if (!IsAvailable) throw new NotSupportedException($"this libtorch does not export {CallBoxed}");
        byte[] first = Encoding.UTF8.GetBytes(name + "\0"), second = Encoding.UTF8.GetBytes(overload + "\0");
        fixed (byte* a = first, b = second)
        {
            var asked =
                new OperatorName
                {
                    Name = new() { Start = a, Length = first.Length - 1 },
                    Overload = new() { Start = b, Length = second.Length - 1 },
                };
            var handle = (Found*)NativeMemory.AllocZeroed((nuint)sizeof(Found));
            ((delegate* unmanaged<Found*, nint, OperatorName*, Found*>)Export(FindSchema))(handle,
                ((delegate* unmanaged<nint>)Export(Singleton))(), &asked);
            if (handle->IsThere != 0) return (nint)handle;
            NativeMemory.Free(handle);
            return 0;
        }
    }
}
