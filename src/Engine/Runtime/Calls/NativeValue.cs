using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Interactive.Runtime;

/// <summary>What a libtorch value holds, by the tag that <c>c10::IValue</c> of libtorch 2.10 carries.</summary>
internal enum ValueTag : uint
{
    None, Tensor, Storage, Double, ComplexDouble, Int, UInt, SymInt, SymFloat, SymBool,
    Bool, Tuple, String, Blob, List, Dictionary, Future, Await, Device, Stream, Object, PyObject, Uninitialized,
    Capsule, RRef, Quantizer, Generator, Enum
}

/// <summary>
/// One argument or result of an operator as libtorch 2.10 lays it out (<c>c10::IValue</c>): eight bytes of payload and
/// a tag. What is counted by reference is owned by whoever holds the value; <see cref="Share"/> adds an owner,
/// <see cref="Release"/> takes one away.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeValue
{
    public long Payload;
    public ValueTag Tag;
    private readonly uint padding;

    private const int CountOffset = 8, ListBegin = 16, ListEnd = 24, TextOffset = 16, StorageOffset = 16,
        DeletingDestructor = 1;

    public NativeValue(long payload, ValueTag tag) => (Payload, Tag) = (payload, tag);

    /// <summary>A number; an operator takes it for an integer or for a Scalar, as its schema says.</summary>
    public static NativeValue Of(long number) => new(number, ValueTag.Int);

    /// <summary>A number; an operator takes it for a double or for a Scalar, as its schema says.</summary>
    public static NativeValue Of(double number) => new(BitConverter.DoubleToInt64Bits(number), ValueTag.Double);

    /// <summary>A flag.</summary>
    public static NativeValue Of(bool flag) => new(flag ? 1 : 0, ValueTag.Bool);

    /// <summary>A tensor with an owner of its own; null is an absent one.</summary>
    public static NativeValue Of(Tensor? tensor)
        => tensor is null ? default : new NativeValue(tensor.Identity(), ValueTag.Tensor).Share();

    /// <summary>A flag's payload is one byte; the others may be anything.</summary>
    public readonly bool Flag => (byte)Payload != 0;

    /// <summary>A double's number.</summary>
    public readonly double Number => BitConverter.Int64BitsToDouble(Payload);

    private readonly bool IsCounted
        => Tag is ValueTag.Tensor or ValueTag.Storage or ValueTag.ComplexDouble or ValueTag.SymInt or ValueTag.SymFloat
        or ValueTag.SymBool
        or ValueTag.Tuple or ValueTag.String or ValueTag.Blob or ValueTag.Generator
        or (>= ValueTag.List and <= ValueTag.Await) or (>= ValueTag.Stream and <= ValueTag.Enum);

    /// <summary>One more owner of what is counted.</summary>
    public readonly NativeValue Share()
    {
        if (IsCounted && Payload != 0) Interlocked.Increment(ref *(int*)(Payload + CountOffset));
        return this;
    }

    /// <summary>One owner fewer; the last one frees it.</summary>
    public void Release()
    {
        var (payload, tag) = (Payload, Tag);
        this = default;
        if (payload == 0 || !new NativeValue(payload, tag).IsCounted) return;
        if (tag == ValueTag.Tensor)
        {
            var handle = (long*)NativeMemory.Alloc(sizeof(long)); // TorchSharp frees it with the tensor
            *handle = payload;
            Tensor.UnsafeCreateTensor((nint)handle).Dispose();
        }
        else if (Interlocked.Decrement(ref *(int*)(payload + CountOffset)) == 0)
            ((delegate* unmanaged<nint, void>)(*(nint**)payload)[DeletingDestructor])((nint)payload);
    }

    /// <summary>The elements of a list, as they lie.</summary>
    public readonly Span<NativeValue> Elements
        => new(*(void**)(Payload + ListBegin),
        (int)((*(nint*)(Payload + ListEnd) - *(nint*)(Payload + ListBegin)) / sizeof(NativeValue)));

    /// <summary>The characters of a string.</summary>
    public readonly string Text
        => Encoding.UTF8.GetString(*(byte**)(Payload + TextOffset), (int)*(long*)(Payload + TextOffset + 8));

    /// <summary>A tensor of the caller's with the same bytes, in no dispose scope.</summary>
    public readonly Tensor ToTensor()
    {
        var implementation = Payload;
        return Tensor.UnsafeCreateTensor(Aten.NewTensorHandle((nint)(&implementation))).DetachFromDisposeScope();
    }

    /// <summary>The storage in which a tensor lies: equal for views of one another.</summary>
    public static nint StorageOf(Tensor tensor) => *(nint*)(tensor.Identity() + StorageOffset);
}
