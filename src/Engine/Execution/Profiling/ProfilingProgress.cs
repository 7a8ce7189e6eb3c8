using System.Globalization;
using Interactive.Graphs;

namespace Interactive.Execution;

/// <summary>
/// Tells people how far measuring a net is: a bar that redraws itself on a terminal, elsewhere a line now and then. On
/// the error stream, and only where it takes longer than one would wait for without a word.
/// </summary>
internal sealed class ProfilingProgress(string what, TextWriter output, bool isTerminal, TimeProvider time)
{
    private const int Cells = 20;
    private readonly long started = time.GetTimestamp();
    private double told; // seconds

    /// <summary>What a measurement calls with the share that is done.</summary>
    public static Action<double> Begin(Graph graph, long batch)
        => new ProfilingProgress($"measuring {graph.Name} with {batch} samples", Console.Error,
        !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null),
        TimeProvider.System).Tell;

    /// <summary>Draws, if it is time to.</summary>
    /// <param name="done">0 to 1.</param>
    public void Tell(double done)
    {
        var now = time.GetElapsedTime(started).TotalSeconds;
        var isEnd = done >= 1;
        if (isEnd ? told == 0 : now - told < (!isTerminal ? Rare : told > 0 ? 0.2 : Quiet)) return;
        told = now;
        var left = done > 0 ? TimeSpan.FromSeconds(now / done - now) : TimeSpan.Zero;
        var line = string.Create(CultureInfo.InvariantCulture, $"{what} {new string('━', (int)(Cells * Math.Min(1, done)))}{new string('╌', Cells - (int)(Cells * Math.Min(1, done)))} {done:P0}{(isEnd ? "" : $"  ETA {left:m\\:ss}")}");
        if (!isTerminal) output.WriteLine(line);
        else output.Write(isEnd ? $"\r\u001b[K{line}\n" : $"\r\u001b[K{line}");
        output.Flush();
    }

    private const double Quiet = 3, Rare = 10; // seconds
}
