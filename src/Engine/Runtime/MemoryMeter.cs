namespace Interactive.Runtime;

/// <summary>Chooses the best meter that works in this process.</summary>
public static class MemoryMeter
{
    private static readonly Lazy<IMemoryMeter> Chosen = new(() => CpuAllocatorMeter.TryInstall() is { } exact ? exact : new MallocMeter());

    /// <summary>
    /// The process's meter, installed on first use. Tensors made before that are not counted: ask for it early.
    /// </summary>
    public static IMemoryMeter Current => Chosen.Value;
}
