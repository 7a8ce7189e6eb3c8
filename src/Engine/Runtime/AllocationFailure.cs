using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>Memory for a tensor that there was not.</summary>
internal static class AllocationFailure
{
    private static long asked;

    /// <summary>Notes what was asked for.</summary>
    public static void Note(long bytes) => Interlocked.Exchange(ref asked, bytes);

    /// <summary>True for the exception that libtorch raises where its allocator has none.</summary>
    public static bool Is(Exception e) => e is ExternalException && e.Message.Contains("can't allocate memory", StringComparison.Ordinal);

    /// <summary>The same for people, with what was in use.</summary>
    /// <param name="cause">libtorch's.</param>
    /// <param name="what">What was being done, and with which plan.</param>
    public static OutOfMemoryException Explained(Exception cause, string what)
        => new($"{what}: no memory for a tensor of {Text(Interlocked.Read(ref asked))} beside the {Text(MemoryMeter.Current.LiveBytes)} of tensors there are; the process may hold {Text(MachineMemory.LimitBytes)}", cause);

    private static string Text(long bytes) => ByteText.Of(bytes);
}
