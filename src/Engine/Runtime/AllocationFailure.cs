using System.Runtime.InteropServices;

namespace Interactive.Runtime;

/// <summary>Memory for a tensor that there was not.</summary>
internal static class AllocationFailure
{
    private const string Words = "can't allocate memory"; // libtorch's
    private static long asked, count;

    /// <summary>How often it has happened.</summary>
    public static long Count => Interlocked.Read(ref count);

    /// <summary>Notes what was asked for.</summary>
    public static void Note(long bytes)
    {
        Interlocked.Exchange(ref asked, bytes);
        Interlocked.Increment(ref count);
    }

    /// <summary>What a call failed with that does not tell: the same as if it had.</summary>
    public static ExternalException In(string call) => new($"{call}: {Words}");

    /// <summary>True for the exception that libtorch raises where its allocator has none.</summary>
    public static bool Is(Exception e) => e is ExternalException && e.Message.Contains(Words, StringComparison.Ordinal);

    /// <summary>The same for people, with what was in use.</summary>
    /// <param name="cause">libtorch's.</param>
    /// <param name="what">What was being done, and with which plan.</param>
    public static OutOfMemoryException Explained(Exception cause, string what)
        => new($"{what}: no memory for a tensor of {Text(Interlocked.Read(ref asked))} beside the {Text(MemoryMeter.Current.LiveBytes)} of tensors there are; the process may hold {Text(MachineMemory.LimitBytes)}", cause);

    private static string Text(long bytes) => ByteText.Of(bytes);
}
