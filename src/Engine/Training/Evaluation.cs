using System.Runtime.InteropServices;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Loss and accuracy over a set of samples, each rank taking every so manieth batch; the same for any number of ranks.</summary>
internal sealed class Evaluation(ICommunicator world, IDataSource data, Executor executor, Device device)
{
    private const int BatchSize = 256;

    /// <summary>Mean loss and share of correct answers of the model as it is. Collective.</summary>
    public (double Loss, double Accuracy) Run()
    {
        var sums = new List<double>(); // of loss, correct answers and answers, batch by batch
        var starts = Enumerable.Range(0, (data.Count + BatchSize - 1) / BatchSize).Where(i => i % world.Size == world.Rank);
        foreach (var batch in Prefetch.Ahead(starts.Select(i => Batch.Read(data, Enumerable.Range(i * BatchSize, Math.Min(BatchSize, data.Count - i * BatchSize)).ToArray()))))
        {
            using var scope = NewDisposeScope();
            using var moved = batch.MoveTo(device);
            using var output = executor.Infer(moved.Input);
            sums.Add(Losses.CrossEntropy(output, moved.Target).item<float>() * (double)moved.Target.numel());
            sums.Add(output.argmax(output.dim() == 3 ? 2 : 1).eq(moved.Target).sum().item<long>());
            sums.Add(moved.Target.numel());
        }
        var (loss, correct, positions) = InBatchOrder(sums);
        return (loss / positions, correct / positions);
    }

    // Batch i was rank i % size's: added in the order of batches, the sums do not depend on the number of ranks.
    private (double Loss, double Correct, double Positions) InBatchOrder(List<double> mine)
    {
        var parts = world.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(mine))).Select(part => MemoryMarshal.Cast<byte, double>(part).ToArray()).ToArray();
        var (loss, correct, positions) = (0.0, 0.0, 0.0);
        for (var batch = 0; 3 * (batch / world.Size) < parts[batch % world.Size].Length; batch++)
        {
            var (part, at) = (parts[batch % world.Size], 3 * (batch / world.Size));
            (loss, correct, positions) = (loss + part[at], correct + part[at + 1], positions + part[at + 2]);
        }
        return (loss, correct, positions);
    }
}
