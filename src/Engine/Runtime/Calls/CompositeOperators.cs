namespace Interactive.Runtime;

/// <summary>
/// Which of libtorch's operators do nothing but call others, by its dispatcher's tables
/// (<c>c10::impl::OperatorEntry::hasKernelForDispatchKey</c> of libtorch 2.10).
/// </summary>
internal static unsafe class CompositeOperators
{
    private const string HasKernel = "_ZNK3c104impl13OperatorEntry23hasKernelForDispatchKeyENS_11DispatchKeyE";
    private const int MostKeys = 256;

    private static readonly delegate* unmanaged<nint, ushort, byte> Has =
        (delegate* unmanaged<nint, ushort, byte>)(TorchLoader.TryGetExport(HasKernel, out var address) ? address : 0);

    // CompositeImplicitAutograd, whose number changes from version to version: the key of operators that are known to be such.
    private static readonly Lazy<ushort> Key = new(() => Has == null ? (ushort)0 : (ushort)Enumerable.Range(1, MostKeys - 1)
        .FirstOrDefault(key => IsAt("aten::hstack", "", key) && IsAt("aten::movedim", "intlist", key) && !IsAt("aten::relu", "", key) && !IsAt("aten::add", "Tensor", key)));

    /// <summary>True for one that is known to be made of others; false where this libtorch does not tell.</summary>
    public static bool Contains(string name, string overload)
        => Key.Value != 0 && OperatorCall.Exists(name, overload) && IsAt(name, overload, Key.Value);

    private static bool IsAt(string name, string overload, int key)
        => OperatorCall.Exists(name, overload) && Has(OperatorCall.Definition(name, overload), (ushort)key) != 0;
}
