using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>
/// Some of TorchSharp's native functions, the product of matrices among them, let a C++ exception through to .NET,
/// which ends the process: a wrong shape would end a notebook. Each gets a few instructions in front of it
/// (<see cref="CatchingCode"/>) that catch the exception and leave its text where TorchSharp looks for one when the
/// call is back. The others catch for themselves.
/// </summary>
internal static unsafe class CaughtCalls
{
    // All of those without a catch after which TorchSharp's C# asks for an error. Where it does not ask, an error would
    // be lost.
    private static readonly string[] Exports =
    [
        "THSTensor_matmul", "THSTensor_cummax", "THSTensor_cummin", "THSTensor_names", "THSTensor_storage_offset",
            "THSAutograd_grad",
        "THSGenerator_set_rng_state", "THSTorch_set_num_threads", "THSTorch_set_num_interop_threads",
        "THSNN_Embedding_set_weight", "THSNN_EmbeddingBag_set_weight", "THSNN_Optimizer_zero_grad",
            "THSNN_Module_to_device",
    ];

    private static delegate* unmanaged<nint, nint> beginCatch;
    private static delegate* unmanaged<void> endCatch;

    /// <summary>True when exceptions of these functions are caught.</summary>
    public static bool AreCaught { get; private set; }

    /// <summary>Begins to catch; before TorchSharp first asks for the functions.</summary>
    /// <param name="library">TorchSharp's native library.</param>
    public static void Watch(nint library)
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out var cpp)
            || !NativeLibrary.TryGetExport(cpp, "__cxa_begin_catch", out var begin)
            || !NativeLibrary.TryGetExport(cpp, "__cxa_end_catch", out var end)
            || !NativeLibrary.TryGetExport(cpp, "__gxx_personality_v0", out var personality)
            || !NativeLibrary.TryGetExport(cpp, "_ZTISt9exception", out var kind)) return;
        beginCatch = (delegate* unmanaged<nint, nint>)begin;
        endCatch = (delegate* unmanaged<void>)end;
        (string Name,
            nint Address)[] found =
            [.. Exports.Select(name => (name, NativeRedirect.Find(library, name))).Where(f => f.Item2 != 0)];
        var caught = (nint)(delegate* unmanaged<nint, nint>)&Caught;
        if (CatchingCode.Make([.. found.Select(f => f.Address)], caught, personality, kind) is not { } catching) return;
        AreCaught = found.Zip(catching)
            .Count(pair => NativeRedirect.TryPut(pair.First.Name, pair.First.Address, pair.Second)) == Exports.Length;
    }

    // Called with an exception of std::exception's kind in flight; what it returns is what the function returns.
    [UnmanagedCallersOnly]
    private static nint Caught(nint exception)
    {
        var error = beginCatch(exception);
        var what = (delegate* unmanaged<nint, nint>)(*(nint**)error)[2]; // behind the two destructors
        var text = LastError.Text(new ExternalException(Marshal.PtrToStringUTF8(what(error))));
        endCatch();
        if (!LastError.IsAvailable) Environment.FailFast(Marshal.PtrToStringUTF8(text));
        LastError.Put(text);
        return 0;
    }
}
