using System.Security.Cryptography;
using System.Text;
using Interactive.Collectives;

namespace Interactive.MpiWorker;

/// <summary>Every collective operation, checked against sums computed alone.</summary>
static unsafe class Operations
{
    public static void Run(ICommunicator world, bool withSharedMemory = true)
    {
        Sums(world, 3_000_001);
        foreach (var algorithm in AllReduceAlgorithm.All
            .Where(a => a.Name != "hierarchical" && (withSharedMemory || a.Name is not ("window" or "mpi"))
            && (a.Name != "window" || world.Hosts.Distinct().Count() == 1)))
        {
            using var other = world.Duplicate(new AllReduceOptions { Algorithm = algorithm });
            Sums(other, 300_007);
        }
        using (var half = world.Duplicate(new AllReduceOptions { Wire = WireFormat.Bf16 })) Sums(half, 300_007, 0.1);
        InPlace(world);
        for (int root = 0; root < world.Size; root++)
        {
            var text = Encoding.UTF8.GetBytes(world.Rank == root ? $"from {root}" : "------");
            world.Broadcast(text, root);
            if (Encoding.UTF8.GetString(text) != $"from {root}")
                throw new InvalidOperationException($"broadcast from {root} gave {Encoding.UTF8.GetString(text)}");
        }
        var gathered = world.AllGather(new byte[world.Rank * 3]);
        if (!gathered.Select(bytes => bytes.Length)
            .SequenceEqual(Enumerable.Range(0, world.Size).Select(rank => rank * 3)))
            throw new InvalidOperationException("all-gather returned wrong lengths");
        Blocks(world);
        using (var alone = world.Split([world.Rank]))
            if (world.Rank == 0) // the others go on: there is nobody that it would have to wait for
            {
                using var again = alone.Split([0]);
                again.Barrier();
            }
        world.Barrier();
        Console.WriteLine($"rank {world.Rank} of {world.Size} local {world.LocalRank} on {World.Library}: ok");
    }

    public static void Named(ICommunicator world, string name)
    {
        float value = 1;
        world.AllReduce(&value, 1, 0, 1, name);
    }

    public static void Sums(ICommunicator world, int most, double tolerance = 1e-5)
    {
        foreach (var count in new[] { 0, 1, 2, 3, 1000, 100_003, most })
        {
            var data = Values(world.Rank, count);
            fixed (float* pointer = data) world.AllReduce(pointer, count);
            for (int i = 0; i < count; i += 1 + count / 5000)
            {
                double sum = Enumerable.Range(0, world.Size).Sum(rank => (double)Value(rank, i));
                if (Math.Abs(sum - data[i]) > tolerance)
                    throw new InvalidOperationException($"element {i} of {count}: {data[i]}, not {sum}");
            }
            var hashes =
                world.AllGather(SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(data.AsSpan())));
            if (hashes.Any(hash => !hash.SequenceEqual(hashes[0])))
                throw new InvalidOperationException($"ranks differ at {count} elements");
        }
    }

    static void Blocks(ICommunicator world)
    {
        const int each = 70_001;
        var (ranks, me) = (world.Size, world.Rank);
        var given = Values(me, ranks * each);
        float[] gathered = new float[ranks * each], sum = new float[each], swapped = new float[ranks * each];
        given.AsSpan(me * each, each).CopyTo(gathered.AsSpan(me * each));
        fixed (float* all = gathered, from = given, into = sum, to = swapped)
        {
            world.GatherBlocks(all, each);
            world.SumBlocks(from, into, each);
            world.SwapBlocks(from, to, each);
        }
        for (int i = 0; i < each; i += 89)
        {
            double total = Enumerable.Range(0, ranks).Sum(rank => (double)Value(rank, me * each + i));
            var ok = Math.Abs(total - sum[i]) < 1e-5;
            for (int rank = 0; rank < ranks; rank++)
                ok &= gathered[rank * each + i] == Value(rank, rank * each + i) && swapped[rank * each + i] == Value(rank, me * each + i);
            if (!ok) throw new InvalidOperationException($"element {i} of blocks of {each} is wrong");
        }
    }

    static void InPlace(ICommunicator world)
    {
        const int count = 1_000_003;
        var data = world.Allocate(count);
        Values(world.Rank, count).CopyTo(new Span<float>(data, count));
        world.AllReduce(data, count);
        for (int i = 0; i < count; i += 97)
        {
            double sum = Enumerable.Range(0, world.Size).Sum(rank => (double)Value(rank, i));
            if (Math.Abs(sum - data[i]) > 1e-5)
                throw new InvalidOperationException($"element {i} in shared memory: {data[i]}, not {sum}");
        }
        world.Release(data);
    }

    static float[] Values(int rank, int count) => [.. Enumerable.Range(0, count).Select(i => Value(rank, i))];
    static float Value(int rank, int i) => MathF.Sin(rank * 7919 + i * 0.37f);
}
