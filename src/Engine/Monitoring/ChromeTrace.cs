using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Interactive.Monitoring;

/// <summary>
/// A timeline in Chrome's trace format (chrome://tracing, Perfetto): spans on the threads of one rank. Written as it
/// grows, so that a run that is cut short leaves one too: viewers do not ask for the closing bracket.
/// </summary>
public sealed class ChromeTrace : IDisposable
{
    private readonly object gate = new();
    private readonly StreamWriter file;
    private readonly int rank;
    private readonly long zero;
    private readonly Dictionary<string, int> threads = [];
    private bool isFull;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where; replaced if it is there.</param>
    /// <param name="rank">The rank, shown as a process.</param>
    /// <param name="zero">The <see cref="Stopwatch"/> timestamp that the timeline counts from.</param>
    public ChromeTrace(string path, int rank, long zero)
    {
        (this.rank, this.zero) = (rank, zero);
        file = new StreamWriter(path, append: false, new UTF8Encoding(false));
        file.Write($$$"""[{"name":"process_name","ph":"M","pid":{{{rank}}},"args":{"name":"rank {{{rank}}}"}}""");
    }

    /// <summary>Adds a span. From any thread.</summary>
    /// <param name="name">What was done.</param>
    /// <param name="category">Its kind, such as compute or communication.</param>
    /// <param name="thread">The thread's name.</param>
    /// <param name="started">Timestamp of its start.</param>
    /// <param name="ended">Timestamp of its end.</param>
    /// <param name="bytes">Bytes it was about, or a negative number for none.</param>
    public void Span(string name, string category, string thread, long started, long ended, long bytes = -1)
    {
        lock (gate)
        {
            if (!threads.TryGetValue(thread, out var id))
            {
                threads[thread] = id = threads.Count + 1;
                Write(string.Create(CultureInfo.InvariantCulture, $",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":{rank},\"tid\":{id},\"args\":{{\"name\":{Quote(thread)}}}}}"));
            }
            var arguments = bytes < 0 ? "" : $",\"args\":{{\"bytes\":{bytes}}}";
            Write(string.Create(CultureInfo.InvariantCulture,
                $",\n{{\"name\":{Quote(name)},\"cat\":{Quote(category)},\"ph\":\"X\",\"ts\":{Microseconds(started - zero):F1},\"dur\":{Microseconds(ended - started):F1},\"pid\":{rank},\"tid\":{id}{arguments}}}"));
        }
    }

    /// <summary>Ends the file.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            Write("]\n");
            try { file.Dispose(); }
            catch (IOException) { } // as below
        }
    }

    // A disk that is full ends the timeline, but no training, and not in the thread that communicates.
    private void Write(string text)
    {
        if (isFull) return;
        try { file.Write(text); }
        catch (IOException) { isFull = true; }
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
