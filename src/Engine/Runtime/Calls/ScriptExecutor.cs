namespace Interactive.Runtime;

/// <summary>
/// How libtorch runs TorchScript on the calling thread: optimised, it learns from the first runs and then replaces
/// operators by others, with a backward of its own; plain, each operator of the file runs as it is written.
/// </summary>
internal static unsafe class ScriptExecutor
{
    private const string Set = "_ZN5torch3jit24setGraphExecutorOptimizeEb",
        Get = "_ZN5torch3jit24getGraphExecutorOptimizeEv";

    /// <summary>Plain until the result is disposed; null where this libtorch cannot be told.</summary>
    public static IDisposable? Plain()
    {
        if (!TorchLoader.TryGetExport(Set, out var set) || !TorchLoader.TryGetExport(Get, out var get)) return null;
        var before = ((delegate* unmanaged<byte>)get)();
        ((delegate* unmanaged<byte, void>)set)(0);
        return new Restore(set, before);
    }

    private sealed class Restore(nint set, byte before) : IDisposable
    {
        public void Dispose() => ((delegate* unmanaged<byte, void>)set)(before);
    }
}
