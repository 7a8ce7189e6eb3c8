using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>What a checkpoint keeps besides the position: model, optimiser (whole, also where ranks have parts of it) and each rank's generator.</summary>
internal sealed class TrainingState(ICommunicator world, Graph graph, IParallelStrategy strategy)
{
    private const string Model = "model.", OptimizerState = "optimizer.", Generator = "rng.";

    /// <summary>Writes a checkpoint, on rank 0; collective.</summary>
    /// <param name="run">Where to.</param>
    /// <param name="position">Where the run stands.</param>
    /// <returns>The file's path, or null on the other ranks.</returns>
    public string? Save(RunDirectory run, RunCheckpoint position)
    {
        using var random = RandomState.Of(Devices.Of(graph));
        var generators = world.AllGather(random.ToBytes());
        using var scope = NewDisposeScope();
        var state = strategy.GatherState();
        if (world.Rank != 0) return null;
        var model = graph.state_dict();
        var tensors = model.ToDictionary(e => Model + e.Key, e => e.Value);
        foreach (var (name, value) in state) tensors[OptimizerState + name] = value;
        for (var rank = 0; rank < generators.Length; rank++) tensors[$"{Generator}{rank}"] = tensor(generators[rank]);
        var path = RunCheckpoint.PathOf(run, position.Step);
        position.Write(path, tensors);
        return path;
    }

    /// <summary>Keeps the model as it is as the run's best, on rank 0.</summary>
    public void SaveBest(RunDirectory run)
    {
        if (world.Rank == 0) AtomicFile.Write(Path.Combine(run.Checkpoints, "best.safetensors"), stream => Safetensors.Write(stream, graph.state_dict()));
    }

    /// <summary>Takes everything back from a checkpoint.</summary>
    /// <returns>Where the run stood.</returns>
    public RunCheckpoint Restore(string path)
    {
        var (position, tensors) = RunCheckpoint.Read(path);
        using (no_grad())
            foreach (var (name, value) in graph.state_dict()) value.copy_(tensors[Model + name]);
        using (NewDisposeScope()) strategy.RestoreState(Part(OptimizerState), position.Step);
        // With another number of ranks than before, new ones keep the generator of their seed.
        if (tensors.TryGetValue($"{Generator}{world.Rank}", out var generator)) RandomState.PutBack(generator.bytes, Devices.Of(graph));
        foreach (var tensor in tensors.Values) tensor.Dispose();
        return position;
        Dictionary<string, Tensor> Part(string prefix) => tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key[prefix.Length..], t => t.Value);
    }
}
