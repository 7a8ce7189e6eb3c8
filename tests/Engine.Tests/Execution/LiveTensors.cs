using Interactive.Runtime;

namespace Interactive.Engine.Tests.Execution;

/// <summary>Bytes of tensors, which all tests of the process share.</summary>
internal static class LiveTensors
{
    /// <summary>Call before bytes are counted: tensors that other tests have forgotten must not go meanwhile.</summary>
    public static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>How many bytes an action has alive at most, besides those that were alive before.</summary>
    public static long Peak(Action action)
    {
        Settle();
        var before = MemoryMeter.Current.LiveBytes;
        MemoryMeter.Current.ResetPeak();
        action();
        return MemoryMeter.Current.PeakBytes - before;
    }
}
