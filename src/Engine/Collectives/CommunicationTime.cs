using System.Diagnostics;

namespace Interactive.Collectives;

/// <summary>Time that the calling thread has spent in communication with other ranks, waiting for them included.</summary>
internal static class CommunicationTime
{
    [ThreadStatic] private static long ticks;

    /// <summary>Seconds so far.</summary>
    public static double Seconds => ticks / (double)Stopwatch.Frequency;

    /// <summary>Adds what has passed since a timestamp.</summary>
    public static void AddSince(long started) => ticks += Stopwatch.GetTimestamp() - started;
}
