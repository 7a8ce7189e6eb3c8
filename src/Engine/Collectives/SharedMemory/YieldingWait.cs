using System.Runtime.InteropServices;

namespace Interactive.Collectives;

/// <summary>
/// Pauses between polls: a few times at once, then by giving the core away, then asleep, so that a long wait leaves the
/// core to whoever computes. (More ranks than cores without yielding wait whole scheduler quanta for each message.)
/// </summary>
internal struct YieldingWait
{
    const int Immediate = 200, Yields = 536, YieldsOfALongWait = 80;
    int polls;

    /// <summary>
    /// A wait that is long from the start: a few yields catch a message that is just arriving (less than 0.1 ms), then
    /// it sleeps.
    /// </summary>
    public static YieldingWait Asleep => new() { polls = Yields - YieldsOfALongWait };

    /// <summary>One pause, longer the longer the wait already is.</summary>
    public void Once()
    {
        if (++polls <= Immediate) Thread.SpinWait(1); // some 40 ns: what has just come is seen at once
        else if (polls <= Yields) sched_yield();
        else usleep(polls < 4 * Yields ? 20u : 100u);
    }

    [DllImport("libc"), SuppressGCTransition] static extern int sched_yield();
    [DllImport("libc")] static extern int usleep(uint microseconds);
}
