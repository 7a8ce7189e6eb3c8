using System.Globalization;

namespace Interactive.Collectives.Simulation;

/// <summary>
/// Recorded messages as SimGrid's time-independent traces, for <c>smpirun -replay</c>: a second opinion on
/// <see cref="Network"/>.
/// </summary>
public static class SimGridTrace
{
    private const int Byte = 6; // SMPI's number of MPI_BYTE

    /// <summary>Writes <c>rank0.txt</c> … and <c>ranks.list</c>, which names them, into a folder.</summary>
    /// <returns>The list's path.</returns>
    public static string Write(string folder, IReadOnlyList<MessageTrace> traces)
    {
        folder = Directory.CreateDirectory(folder).FullName;
        var files = traces.Select(trace =>
        {
            var file = Path.Combine(folder, $"rank{trace.Rank}.txt");
            File.WriteAllLines(file, [$"{trace.Rank} init", .. Lines(trace), $"{trace.Rank} finalize"]);
            return file;
        }).ToList();
        var list = Path.Combine(folder, "ranks.list");
        File.WriteAllLines(list, files);
        return list;
    }

    // SimGrid finds a request again by its two ranks and its tag: each message of a pair gets a tag of its own.
    private static IEnumerable<string> Lines(MessageTrace trace)
    {
        var counts = new Dictionary<(MessageTrace.Kind, int), int>();
        var numbers = new int[trace.Events.Count];
        for (var i = 0; i < trace.Events.Count; i++)
        {
            var e = trace.Events[i];
            if (e.Kind == MessageTrace.Kind.Wait)
            {
                var of = trace.Events[e.Peer];
                var (from, to) = of.Kind == MessageTrace.Kind.Send ? (trace.Rank, of.Peer) : (of.Peer, trace.Rank);
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"{trace.Rank} wait {from} {to} {numbers[e.Peer]}");
                continue;
            }
            numbers[i] = counts.GetValueOrDefault((e.Kind, e.Peer));
            counts[(e.Kind, e.Peer)] = numbers[i] + 1;
            yield return string.Create(CultureInfo.InvariantCulture, $"{trace.Rank} {(e.Kind == MessageTrace.Kind.Send ? "isend" : "irecv")} {e.Peer} {numbers[i]} {e.Bytes} {Byte}");
        }
    }
}
