using System.Diagnostics;
using System.Numerics.Tensors;
using TorchSharp.Modules;

namespace Interactive.Collectives;

/// <summary>
/// Reduces the gradients of a pool over all ranks, bucket by bucket, on a communication thread while backward still
/// computes. Buckets are ranges of the pool fixed by its layout, so all ranks reduce the same ones in the same order
/// whatever the order in which their gradients become ready. Gradients on a GPU are summed where they lie if the ranks reach it
/// (<see cref="ICommunicator.Reaches"/>), else copied to the CPU's memory and back.
/// <code>
/// reducer.Begin();
/// executor.GradientReady += reducer.Ready;   // once
/// executor.Step(input, target);
/// reducer.Wait();                            // all ranks now hold the same averaged gradients
/// </code>
/// </summary>
public sealed unsafe class OverlappedReducer : IDisposable
{
    /// <summary>Name of the thread that reduces.</summary>
    public const string ThreadName = "communication";

    readonly ICommunicator world;
    readonly GradientPool pool;
    readonly ReducerOptions options;
    readonly bool isStaged;
    readonly float* data; // of the pool, where it is summed
    readonly PoolBucket[] buckets;
    readonly bool[] ready;
    readonly object gate = new();
    readonly Thread? thread;
    int readyPrefix, launched, reduced;
    bool closing;
    Exception? error;

    /// <summary>Collective. The reducer communicates apart from <paramref name="world"/>, which stays free for the caller's thread.</summary>
    public OverlappedReducer(ICommunicator world, GradientPool pool, ReducerOptions? options = null)
    {
        this.options = (options ?? new ReducerOptions()).Validate();
        this.pool = pool;
        IsDirect = pool.IsApart && !this.options.Scatter && world.Reaches(pool.Buffer.device.ToString(), this.options.AllReduce);
        this.world = world.Duplicate(IsDirect ? new AllReduceOptions { Device = pool.Buffer.device.ToString() } : this.options.AllReduce);
        isStaged = pool.IsApart && !IsDirect && world.Size > 1;
        data = isStaged ? pool.Stage(world) : pool.Data;
        buckets = [.. Divide(pool, this.options)];
        ready = new bool[pool.Ranges.Count];
        reduced = launched = buckets.Length;
        if (world.Size == 1 || !this.options.Overlap) return;
        thread = new Thread(Communicate) { IsBackground = true, Name = ThreadName };
        thread.Start();
    }

    /// <summary>The buckets in the pool's order, each one all-reduce.</summary>
    public IReadOnlyList<PoolBucket> Buckets => buckets;

    /// <summary>Whether gradients of a device are summed in its own memory.</summary>
    internal bool IsDirect { get; }

    /// <summary>Before the backward pass whose gradients are to be reduced (the last micro-batch when gradients accumulate).</summary>
    public void Begin()
    {
        lock (gate)
        {
            if (reduced < buckets.Length) throw new InvalidOperationException("Begin before Wait of the step before");
            Array.Clear(ready);
            readyPrefix = launched = reduced = 0;
        }
    }

    /// <summary>This parameter's gradient is complete; it must not change until <see cref="Wait"/> returns.</summary>
    public void Ready(Parameter parameter)
    {
        int index = pool.IndexOf(parameter);
        if (index < 0) return;
        lock (gate)
        {
            if (launched == buckets.Length) return;
            ready[index] = true;
            while (readyPrefix < ready.Length && ready[readyPrefix]) readyPrefix++;
            if (thread is not null) Launch(readyPrefix);
        }
    }

    /// <summary>Returns when the gradients of all parameters are reduced, those that were never announced included.</summary>
    public void Wait()
    {
        foreach (var _ in Landed()) { }
    }

    /// <summary>
    /// Like <see cref="Wait"/>, but yields each bucket as soon as it is reduced, in the pool's order, so that an optimiser
    /// can step its ranges while the others are on their way.
    /// </summary>
    public IEnumerable<PoolBucket> Landed()
    {
        lock (gate) Launch(ready.Length);
        for (int i = 0; i < buckets.Length; i++)
        {
            if (thread is null) Reduce(i);
            else AwaitBucket(i);
            yield return buckets[i];
        }
    }

    /// <summary>Ends the communication thread.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closing = true;
            Monitor.PulseAll(gate);
        }
        thread?.Join();
        world.Dispose();
    }

    void AwaitBucket(int index)
    {
        var started = Stopwatch.GetTimestamp();
        lock (gate)
        {
            while (reduced <= index && error is null) Monitor.Wait(gate);
            CommunicationTime.AddSince(started);
            if (error is not null) throw new CollectiveException($"communication thread: {error.Message}");
        }
    }

    void Launch(int prefix)
    {
        int before = launched;
        while (launched < buckets.Length && buckets[launched].Ranges.Offset + buckets[launched].Ranges.Count <= prefix) launched++;
        if (launched != before) Monitor.PulseAll(gate);
    }

    void Communicate()
    {
        while (true)
        {
            int next;
            lock (gate)
            {
                while (reduced == launched && !closing) Monitor.Wait(gate);
                if (closing) return;
                next = reduced;
            }
            try { Reduce(next); }
            catch (Exception e)
            {
                lock (gate)
                {
                    error = e;
                    Monitor.PulseAll(gate);
                }
                return;
            }
        }
    }

    void Reduce(int index)
    {
        var bucket = buckets[index];
        var (low, high) = (bucket.Start, bucket.Start + bucket.Count);
        if (isStaged) pool.Fetch(bucket.Start, bucket.Count);
        if (options.Scatter)
        {
            world.ReduceScatter(data + bucket.Start, bucket.Count, bucket.Ranges[0].Name);
            var own = world.Part(world.Rank, bucket.Count);
            pool.Discard(low, own.Low);
            pool.Discard(low + own.High, bucket.Count - own.High);
            (low, high) = (low + own.Low, low + own.High);
        }
        else world.AllReduce(data, pool.Length, bucket.Start, bucket.Count, bucket.Ranges[0].Name);
        if (options.Average && world.Size > 1) Scale(low, high, 1f / world.Size);
        if (isStaged) pool.Deliver(bucket.Start, bucket.Count);
        lock (gate)
        {
            reduced = index + 1;
            Monitor.PulseAll(gate);
        }
    }

    void Scale(long low, long high, float factor)
    {
        const int Piece = 1 << 20;
        if (IsDirect)
        {
            pool.Scale(low, high - low, factor);
            return;
        }
        for (long at = low; at < high; at += Piece)
        {
            var piece = new Span<float>(data + at, (int)Math.Min(Piece, high - at));
            TensorPrimitives.Multiply(piece, factor, piece);
        }
    }

    static IEnumerable<PoolBucket> Divide(GradientPool pool, ReducerOptions options)
    {
        var ranges = pool.Ranges;
        var all = ranges.ToArray();
        for (int first = 0, last; first < ranges.Count; first = last)
        {
            long start = ranges[first].Start, end = start, least = first == 0 ? options.FirstBucketBytes : options.BucketBytes;
            for (last = first; last < ranges.Count && (end - start) * sizeof(float) < least;)
                end = ++last < ranges.Count ? ranges[last].Start : pool.Length;
            yield return new PoolBucket(start, end - start, new ArraySegment<PoolRange>(all, first, last - first));
        }
    }
}
