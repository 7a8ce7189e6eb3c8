using System.Security.Cryptography;
using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>Sums by MPI in a device's memory, for which the CPU's stands.</summary>
static unsafe class DeviceSums
{
    public static void Run(ICommunicator world)
    {
        if (!world.Reaches("cpu")) throw new InvalidOperationException("the CPU's memory is not reached");
        if (world.Reaches("cuda:0"))
            throw new InvalidOperationException("an MPI that was built without CUDA takes a GPU's pointers");
        using var there = world.Duplicate(new AllReduceOptions { Device = "cpu" });
        Operations.Sums(there, 300_007);
        SumInPieces(there, (1 << 24) + 5);
        Console.WriteLine($"rank {world.Rank} of {world.Size}: device ok");
    }

    // More floats than go into one call of MPI's.
    static void SumInPieces(ICommunicator world, int count)
    {
        var data = new float[count];
        for (int i = 0; i < count; i++) data[i] = world.Rank + (i & 1023);
        fixed (float* pointer = data) world.AllReduce(pointer, count);
        for (int i = 0; i < count; i++)
        {
            int sum = world.Size * (world.Size - 1) / 2 + world.Size * (i & 1023);
            if (data[i] != sum) throw new InvalidOperationException($"element {i} of {count}: {data[i]}, not {sum}");
        }
    }

    /// <summary>An epoch of 25 steps that prints how gradients were summed and a hash of the parameters.</summary>
    public static void Train(ICommunicator world)
    {
        manual_seed(5);
        var net = new GraphBuilder("device", new Shape(1, 8, 8));
        using var model =
            net.Build(net.Input.Conv(8, 3, padding: 1).Relu().MaxPool(2).Flatten().Linear(32).Relu().Linear(4));
        using var executor = new Executor(model);
        using var pool = new GradientPool(executor.BackwardOrder, world, null, isApart: true);
        using var reducer = new OverlappedReducer(world, pool,
            new ReducerOptions { BucketBytes = 4096, FirstBucketBytes = 64 });
        using var optimizer = new Sgd(0.9, 0);
        executor.GradientReady += reducer.Ready;
        manual_seed(100 + world.Rank);
        for (int step = 0; step < 25; step++)
        {
            using var scope = NewDisposeScope();
            pool.Zero();
            reducer.Begin();
            executor.Step(randn(8, 1, 8, 8), randint(4, 8));
            optimizer.Begin();
            foreach (var range in reducer.Landed().SelectMany(bucket => bucket.Ranges))
            {
                using var gradient = range.Parameter.grad!;
                optimizer.Step(range.Name, range.Parameter, gradient, 0.05);
            }
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, tensor) in model.state_dict()) hash.AppendData(tensor.bytes);
        Console.WriteLine($"rank {world.Rank} {(reducer.IsDirect ? "direct" : "staged")} hash {Convert.ToHexString(hash.GetHashAndReset())}");
    }
}
