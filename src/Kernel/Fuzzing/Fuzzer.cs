using Interactive.Runtime;

namespace Interactive.Kernel.Fuzzing;

/// <summary>What a reader made of damaged files.</summary>
/// <param name="Accepted">Read all the same.</param>
/// <param name="Refused">Refused in one line.</param>
/// <param name="Faults">What must not be: a line for each mutant, with its number.</param>
internal sealed record FuzzResult(string Reader, int Accepted, int Refused, IReadOnlyList<string> Faults);

/// <summary>
/// Gives a reader damaged files. It may read or refuse each, the latter in one line and with an exception made for
/// that; and it allocates no more than a whole file of that length takes, and twice the file.
/// </summary>
internal static class Fuzzer
{
    private const int LongestLine = 4000;
    private const long Slack = 128 << 10; // an exception with its trace
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    /// <param name="first">The number of the first mutant, from 0.</param>
    /// <param name="folder">An empty folder, in which the mutant that is being read lies.</param>
    public static FuzzResult Run(IFuzzTarget target, string folder, int count, int seed, int first = 0)
    {
        var path = target.Write(folder);
        var whole = File.ReadAllBytes(path);
        var (accepted, refused, faults, number) = (0, 0, new List<string>(), first - 1);
        Exception? broken = null;
        void Read()
        {
            Cost(target, path, whole, out _); // what the first use of a reader makes
            var usual = Math.Max(Cost(target, path, whole, out var error), Cost(target, path, whole, out _));
            if (error is not null)
            {
                broken = new InvalidOperationException($"{target.Name} does not read its whole file", error);
                return;
            }
            while (number + 1 < first + count)
            {
                var mutant = Mutation.Of(whole, seed, Interlocked.Increment(ref number));
                if (number % 2 == 0) mutant = target.Seal(mutant);
                var most = usual * Math.Max(1, 1 + mutant.Length / whole.Length) + 2 * mutant.Length + Slack;
                var cost = Cost(target, path, mutant, out error);
                // the first of a kind may make what stays
                if (cost > most) cost = Math.Min(cost, Cost(target, path, mutant, out error));
                var fault = error is not null && Wrong(error) is { } wrong ? wrong
                    : cost > most ? $"{cost} bytes were allocated for a file of {mutant.Length}, {most} at most" : null;
                if (fault is not null) faults.Add($"mutant {number}: {fault}");
                else if (error is null) accepted++;
                else refused++;
            }
        }
        void ReadAll()
        {
            try { Read(); }
            catch (Exception e) { broken = e; }
        }
        // a background thread can be left behind in a reader that hangs
        var thread = new Thread(ReadAll) { IsBackground = true, Name = "fuzz" };
        thread.Start();
        for (var last = int.MinValue; !thread.Join(patience);)
        {
            if (last == Volatile.Read(ref number))
                return new(target.Name, accepted, refused,
                [.. faults, $"mutant {last}: not read within {patience.TotalSeconds:0} s"]);
            last = Volatile.Read(ref number);
        }
        return broken is null ? new(target.Name, accepted, refused, faults) : throw broken;
    }

    private static long Cost(IFuzzTarget target, string path, byte[] content, out Exception? error)
    {
        File.WriteAllBytes(path, content);
        var meter = TorchLoader.IsLoaded ? Meter() : null;
        meter?.ResetPeak();
        var (managed, tensors) = (GC.GetAllocatedBytesForCurrentThread(), meter?.LiveBytes ?? 0);
        error = null;
        try { target.Read(path); }
        catch (Exception e) { error = e; }
        return GC.GetAllocatedBytesForCurrentThread() - managed + (meter is null ? 0 : meter.PeakBytes - tensors);
    }

    // A method of its own: where libtorch is not loaded nothing of it is touched.
    private static IMemoryMeter Meter() => MemoryMeter.Current;

    private static string? Wrong(Exception error)
    {
        var line = error.Message.ReplaceLineEndings(" ");
        if (error is not (UsageException or InvalidDataException))
            return $"{error.GetType().Name}: {line} {error.StackTrace?.Split('\n')[0].Trim()}";
        if (line.Length > 0 && line.Length <= LongestLine && line == error.Message) return null;
        return $"refused in {error.Message.ReplaceLineEndings("\n").Split('\n').Length} lines of {error.Message.Length} characters: {line[..Math.Min(200, line.Length)]}";
    }
}
