namespace Interactive.Runtime;

/// <summary>How many arguments an operator of libtorch's takes, from its schema as libtorch 2.10 lays it out.</summary>
internal static unsafe class OperatorSchema
{
    // in c10::impl::OperatorEntry: a name of 64 bytes, and the schema's own of as many
    private const int ArgumentsOffset = 128;

    // The size of an argument's description follows from operators whose numbers of arguments are known.
    private static readonly Lazy<long> ArgumentSize = new(()
        => Bytes("aten::relu", "") is > 0 and var one && Bytes("aten::add", "Tensor") == 3 * one
        && Bytes("aten::zeros", "") == 5 * one ? one : 0);

    /// <summary>
    /// The number; null where there is no such operator, or this libtorch lays it out in another way.
    /// </summary>
    public static int? Arguments(string name, string overload)
        => OperatorCall.Exists(name, overload) && ArgumentSize.Value > 0
        ? (int)(Bytes(name, overload) / ArgumentSize.Value) : null;

    private static long Bytes(string name, string overload)
    {
        var entry = OperatorCall.Definition(name, overload);
        return *(nint*)(entry + ArgumentsOffset + sizeof(nint)) - *(nint*)(entry + ArgumentsOffset);
    }
}
