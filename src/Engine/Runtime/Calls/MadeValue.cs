using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>
/// What the elements of a list of libtorch's are declared to be; an operator takes a list of just its kind.
/// </summary>
internal enum ListKind { Whole, Number, Flag, Tensor, MaybeTensor }

/// <summary>
/// Texts and lists as libtorch itself makes them: an operator that takes such a value is called, and what it was given
/// is kept. The elements of a list are then put in place.
/// </summary>
internal static unsafe class MadeValue
{
    private const int ElementTypeOffset = 40; // in c10::detail::ListImpl of libtorch 2.10, behind the vector
    private const int MostDimensions = 64, MostTensors = 4096;
    private const string FloatType = "_ZN3c109FloatType3getEv", BoolType = "_ZN3c108BoolType3getEv";

    private static readonly Lazy<Dictionary<nint,
        ListKind>> Kinds = new(() => Enum.GetValues<ListKind>().ToDictionary(kind =>
    {
        var list = List(kind, 1);
        try { return ElementType(list); }
        finally { list.Release(); }
    }));

    /// <summary>Text; the caller owns it.</summary>
    public static NativeValue Text(string text) => Seen("aten::einsum", 0, () =>
    {
        using var number = zeros(1);
        try { einsum(text, number).Dispose(); }
        catch (ExternalException) { } // it is no equation, and has been seen
    });

    /// <summary>A list of so many elements, whatever they are; the caller owns it.</summary>
    /// <exception cref="InvalidDataException">There is no way to make one so long.</exception>
    public static NativeValue List(ListKind kind, int count)
    {
        if (count > (kind == ListKind.Tensor ? MostTensors : MostDimensions))
            throw new InvalidDataException($"a list of {count} elements cannot be made");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var ones = Enumerable.Repeat(1L, count).ToArray();
        return kind switch
        {
            ListKind.Number => Retyped(List(ListKind.Whole, count), FloatType),
            ListKind.Flag => Retyped(List(ListKind.Whole, count), BoolType),
            ListKind.Tensor => Seen("aten::unbind", null, () => zeros(count, 1).unbind(0)),
            ListKind.MaybeTensor
                => Seen("aten::index", 1,
                () => zeros(ones).index([.. ones.Select(_ => TensorIndex.Tensor(zeros(1, ScalarType.Int64)))])),
            _ => Seen("aten::zeros", 0, () => zeros(ones)),
        };
    }

    // Number types are single objects that nobody counts.
    private static NativeValue Retyped(NativeValue list, string type)
    {
        if (!TorchLoader.TryGetExport(type, out var get))
            throw new InvalidDataException($"this libtorch does not export {type}");
        *(nint*)(list.Payload + ElementTypeOffset) = ((delegate* unmanaged<nint>)get)();
        return list;
    }

    /// <summary>What the elements of a list are declared to be; null for a kind that cannot be made.</summary>
    public static ListKind? KindOf(NativeValue list)
        => Kinds.Value.TryGetValue(ElementType(list), out var kind) ? kind : null;

    private static nint ElementType(NativeValue list) => *(nint*)(list.Payload + ElementTypeOffset);

    // An argument, or the first result.
    private static NativeValue Seen(string name, int? argument, Action run)
    {
        using var recorder = new CallRecorder();
        run();
        var call = recorder.Calls.Find(call => call.Name == name)
            ?? throw new InvalidOperationException($"libtorch was not seen to run {name}");
        return (argument is { } number ? call.Arguments[number] : call.Results[0]).Share();
    }
}
