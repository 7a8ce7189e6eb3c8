using System.Diagnostics;

namespace Interactive.Runtime.Kernels;

/// <summary>How long two ways of one computation take on this machine, at one shape.</summary>
/// <param name="Name">What is computed.</param>
/// <param name="Shape">On what.</param>
/// <param name="Way">The first way.</param>
/// <param name="Seconds">Its median.</param>
/// <param name="Other">The second way.</param>
/// <param name="OtherSeconds">Its median.</param>
/// <param name="Taken">Which is taken, and what decides that.</param>
internal sealed record KernelTiming(string Name, string Shape, string Way, double Seconds, string Other,
    double OtherSeconds, string Taken)
{
    private const int Rounds = 7;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.4); // .NET compiles what is hot anew, in the background

    /// <summary>How many times as fast as the second way the first is.</summary>
    public double Speed => OtherSeconds / Seconds;

    /// <summary>Medians of both in turn, after runs that are not counted.</summary>
    /// <param name="first">One way.</param>
    /// <param name="second">The other.</param>
    /// <param name="managed">Whether one of them is .NET's code, which takes a while to be at its best.</param>
    public static (double First, double Second) Medians(Action first, Action second, bool managed)
    {
        var start = Stopwatch.GetTimestamp();
        do
        {
            first();
            second();
        } while (managed && Stopwatch.GetElapsedTime(start) < WarmUp);
        var (firsts, seconds) = (new double[Rounds], new double[Rounds]);
        for (var i = 0; i < Rounds; i++) (firsts[i], seconds[i]) = (Seconds(first), Seconds(second));
        Array.Sort(firsts);
        Array.Sort(seconds);
        return (firsts[Rounds / 2], seconds[Rounds / 2]);

        static double Seconds(Action run)
        {
            var start = Stopwatch.GetTimestamp();
            run();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
