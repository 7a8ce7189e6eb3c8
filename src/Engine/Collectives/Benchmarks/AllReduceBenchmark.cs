using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Collectives.Algorithms;

namespace Interactive.Collectives;

/// <summary>
/// Times all-reduce algorithms over a real world, one after the other in each round so that all meet the same noise.
/// </summary>
internal static unsafe class AllReduceBenchmark
{
    const int Warmups = 3, MostRounds = 2000;
    const double SecondsPerSize = 0.6;

    /// <summary>Seconds of one all-reduce: the median over rounds of the slowest rank's time.</summary>
    public sealed record Timing(long Bytes, string Algorithm, double Seconds);

    /// <summary>
    /// The entrant that only copies, all ranks at once, as many bytes as the sum has: on one host a sum too reads and
    /// writes everyone's data at least once.
    /// </summary>
    public const string Copy = "copy";

    /// <summary>
    /// Times each algorithm, or <see cref="Copy"/>, at each size (collective). Null stands for the table's choice. The
    /// data lie in shared memory where there is some.
    /// </summary>
    public static IReadOnlyList<Timing> Run(ICommunicator world, IReadOnlyList<long> sizes,
        IReadOnlyList<string?> algorithms)
    {
        var entrants =
            algorithms.Select(name => name == Copy ? null : world.Duplicate(new AllReduceOptions
            {
                Algorithm = name is null ? null : AllReduceAlgorithm.Parse(name),
            })).ToList();
        CompileForSpeed(world, entrants);
        var timings = new List<Timing>();
        foreach (var bytes in sizes)
        {
            long count = Math.Max(1, bytes / sizeof(float));
            var data = world.Allocate(count);
            var copy = algorithms.Contains(Copy) ? world.Allocate(count) : null;
            // Every entrant gets the same memory.
            var seconds = entrants.Select(entrant => Measure(world, entrant, data, copy, count, Warmups)).ToList();
            int rounds = (int)Math.Clamp(SecondsPerSize / Agree(world, seconds.Sum(list => list[^1])), 3, MostRounds);
            var all = entrants.Select(_ => new List<double>()).ToList();
            for (int round = 0; round < rounds; round++)
                for (int i = 0; i < entrants.Count; i++)
                    all[i].AddRange(Measure(world, entrants[i], data, copy, count, 1));
            for (int i = 0; i < entrants.Count; i++)
                timings.Add(new Timing(bytes, algorithms[i] ?? ((Communicator)entrants[i]!).Choose(count).Name,
                    Slowest(world, all[i])));
            world.Release(data);
            if (copy != null) world.Release(copy);
        }
        foreach (var entrant in entrants) entrant?.Dispose();
        return timings;
    }

    /// <summary>Bytes a rank must send per second in a ring of this speed: comparable over numbers of ranks.</summary>
    public static double BusBandwidth(long bytes, double seconds, int ranks)
        => bytes / seconds * 2 * (ranks - 1) / ranks;

    /// <summary>
    /// .NET compiles a method for speed some 0.1 s after its thirtieth call, twice (the first time to see which way it
    /// goes). A training has been there for long; a benchmark of a few thousand calls of microseconds would end before.
    /// </summary>
    static void CompileForSpeed(ICommunicator world, IReadOnlyList<ICommunicator?> entrants)
    {
        const int Times = 5, Calls = 64, Pause = 150, Few = 1024, Many = 1 << 18;
        foreach (var count in new[] { Few, Many })
        {
            float* data = world.Allocate(count), copy = world.Allocate(count);
            for (int time = 0; time < Times; time++)
            {
                foreach (var entrant in entrants)
                    Measure(world, entrant, data, copy, count, count == Few ? Calls : Calls / 2);
                Thread.Sleep(Pause);
            }
            world.Release(data);
            world.Release(copy);
        }
    }

    static List<double> Measure(ICommunicator world, ICommunicator? entrant, float* data, float* copy, long count,
        int times)
    {
        var seconds = new List<double>();
        // The library's own sum without our comparison of what the ranks are about to do, which costs a barrier.
        var bare = ((Communicator?)entrant)?.Choose(count) as MpiAllReduce;
        for (int i = 0; i < times; i++)
        {
            // Written by its own rank just before, as gradients are: otherwise each entrant meets the caches as the one
            // before has left them.
            NativeMemory.Clear(data, (nuint)(count * sizeof(float)));
            world.Barrier();
            var start = Stopwatch.GetTimestamp();
            if (bare is not null) bare.Run(data, count, 0, count);
            else if (entrant is not null) entrant.AllReduce(data, count);
            else
            {
                Buffer.MemoryCopy(data, copy, count * sizeof(float), count * sizeof(float));
                world.Barrier(); // ranks that share a core do not all copy at once
            }
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return seconds;
    }

    static double Agree(ICommunicator world, double mine)
    {
        var bytes = BitConverter.GetBytes(mine);
        world.Broadcast(bytes, 0);
        return BitConverter.ToDouble(bytes);
    }

    static double Slowest(ICommunicator world, List<double> mine)
    {
        var all =
            world.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(mine)))
            .Select(bytes => MemoryMarshal.Cast<byte, double>(bytes).ToArray()).ToList();
        var slowest = Enumerable.Range(0, mine.Count).Select(round => all.Max(times => times[round])).Order().ToList();
        return slowest[slowest.Count / 2];
    }
}
