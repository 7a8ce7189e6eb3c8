using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// The same training step over all ranks in three ways, in turn: without communication, with all buckets reduced after
/// backward, and with buckets reduced while backward runs.
/// </summary>
internal sealed class OverlapSteps : IDisposable
{
    /// <summary>Seconds of a step: each the median over rounds of the slowest rank.</summary>
    /// <param name="ComputeSeconds">Forward, loss and backward without communication.</param>
    /// <param name="SerialSeconds">Buckets reduced after backward.</param>
    /// <param name="OverlappedSeconds">Buckets reduced during backward.</param>
    /// <param name="BestSeconds">What perfect overlap would need: each bucket sent as soon as it is ready and the one
    /// before is done, each as fast as when nothing computes.</param>
    /// <param name="Ranks">Ranks that took part.</param>
    /// <param name="SameBits">Whether overlapped and serial gradients are the same on all ranks, bit for bit.</param>
    public sealed record Timing(double ComputeSeconds, double SerialSeconds, double OverlappedSeconds,
        double BestSeconds, int Ranks, bool SameBits)
    {
        /// <summary>Seconds that communication adds to a step when nothing is hidden.</summary>
        public double CommunicationSeconds => SerialSeconds - ComputeSeconds;

        /// <summary>How much of it could be hidden.</summary>
        public double HideableSeconds => SerialSeconds - BestSeconds;

        /// <summary>Share of the hideable seconds that are hidden; null when there is nothing to hide.</summary>
        public double? HiddenShare
            => Ranks > 1 && HideableSeconds > 0 ? (SerialSeconds - OverlappedSeconds) / HideableSeconds : null;
    }

    // Until then code is compiled anew and the heap still grows; the peer's script (bench/peers/ddp.py) does as many.
    private const int Warmups = 5;

    private readonly ICommunicator world;
    private readonly Executor executor;
    private readonly GradientPool pool;
    private readonly OverlappedReducer serial, overlapped;
    private readonly Tensor input, target;

    /// <summary>Collective; the graph stays the caller's.</summary>
    public OverlapSteps(ICommunicator world, Graph graph, int batch)
    {
        this.world = world;
        executor = new Executor(graph);
        pool = new GradientPool(executor.BackwardOrder, world);
        serial = new OverlappedReducer(world, pool, new ReducerOptions { Overlap = false });
        overlapped = new OverlappedReducer(world, pool);
        (input, target) = SyntheticBatch.For(graph, batch);
        if (input.is_floating_point()) input.add_(0.01f * world.Rank); // ranks that agree would hide a wrong sum
        graph.train();
    }

    /// <summary>Bytes of all gradients.</summary>
    public long GradientBytes => pool.Ranges.Sum(range => range.Count) * sizeof(float);

    /// <summary>How many all-reduces a step makes.</summary>
    public int Buckets => serial.Buckets.Count;

    /// <summary>Collective.</summary>
    public Timing Run(int rounds)
    {
        List<double> compute = [], whole = [], hidden = [];
        List<double[]> ready = [], reducing = [];
        var same = true;
        for (var i = 0; i < Warmups; i++) Step(null);
        for (var round = 0; round <= rounds; round++)
        {
            var (computed, readiness, _) = Step(null);
            var (seconds, _, sums) = Step(serial);
            var bits = Hash();
            var (overlap, _, _) = Step(overlapped);
            same &= bits == Hash();
            if (round == 0) continue; // the reducers' memory comes into being
            compute.Add(computed);
            whole.Add(seconds);
            hidden.Add(overlap);
            ready.Add(readiness);
            reducing.Add(sums);
        }
        var step = Durations.Median(Slowest(compute));
        var best = 0.0;
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            var (isReady, lasts) = (Durations.Median(Slowest([.. ready.Select(r => r[bucket])])),
                Durations.Median(Slowest([.. reducing.Select(r => r[bucket])])));
            best = Math.Max(best, isReady) + lasts;
        }
        var all = world.AllGather(BitConverter.GetBytes(same)).All(answer => BitConverter.ToBoolean(answer));
        var hashes = world.AllGather(System.Text.Encoding.ASCII.GetBytes(Hash()));
        return new Timing(step, Durations.Median(Slowest(whole)), Durations.Median(Slowest(hidden)),
            Math.Max(best, step), world.Size, all && hashes.All(hash => hash.SequenceEqual(hashes[0])));
    }

    /// <summary>
    /// One step: its seconds, those until each bucket was ready, and those that each bucket's sum took when nothing
    /// else ran.
    /// </summary>
    private (double Seconds, double[] Ready, double[] Reducing) Step(OverlappedReducer? reducer)
    {
        var places =
            serial.Buckets.SelectMany((bucket, i) => bucket.Ranges.Select(range => (pool.IndexOf(range.Parameter), i)))
            .ToDictionary();
        double[] ready = new double[Buckets], reducing = new double[Buckets];
        pool.Zero();
        world.Barrier();
        var start = Stopwatch.GetTimestamp();
        reducer?.Begin();
        executor.GradientReady += Note;
        executor.Step(input, target);
        executor.GradientReady -= Note;
        if (reducer is not null)
        {
            if (reducer == serial) world.Barrier(); // so that no sum's time holds a wait for a rank that still computes
            var before = Stopwatch.GetTimestamp();
            var bucket = 0;
            foreach (var _ in reducer.Landed())
            {
                var now = Stopwatch.GetTimestamp();
                reducing[bucket++] = Stopwatch.GetElapsedTime(before, now).TotalSeconds;
                before = now;
            }
        }
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, ready, reducing);

        void Note(Parameter parameter)
        {
            reducer?.Ready(parameter);
            ready[places[pool.IndexOf(parameter)]] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private string Hash()
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < pool.Length; at += 1 << 20)
            hash.AppendData(pool.Buffer.narrow(0, at, Math.Min(1 << 20, pool.Length - at)).cpu().bytes);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private List<double> Slowest(List<double> mine)
    {
        var all =
            world.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(mine)))
            .Select(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).ToList();
        return [.. Enumerable.Range(0, mine.Count).Select(i => all.Max(list => list[i]))];
    }

    public void Dispose()
    {
        serial.Dispose();
        overlapped.Dispose();
        pool.Dispose();
        executor.Dispose();
        input.Dispose();
        target.Dispose();
    }
}
