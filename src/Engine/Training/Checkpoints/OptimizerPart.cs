using System.Globalization;
using System.Text;
using System.Text.Json;
using Interactive.Collectives;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// An optimiser's state, whole also where ranks have parts of it; its name and groups, and the steps it has made.
/// </summary>
/// <param name="world">The ranks.</param>
/// <param name="optimizer">The optimiser.</param>
/// <param name="shards">How ranks divide it now; null where each has all.</param>
/// <param name="device">Where the parameters are.</param>
internal sealed class OptimizerPart(ICommunicator world, Optimizer optimizer, Func<IDividedState?> shards,
    Device device) : ICheckpointPart
{
    public string Name => "optimizer";

    public IEnumerable<TensorEntry> Tensors()
        => shards()?.Whole(optimizer) ?? optimizer.State.Select(t => TensorEntry.Of(t.Key, t.Value));

    /// <summary>Collective.</summary>
    public IReadOnlyDictionary<string, string> Texts()
    {
        var late = LateOfAll(world, optimizer);
        return new Dictionary<string, string>
        {
            ["name"] = optimizer.Name,
            ["settings"] = optimizer.ToString(),
            ["steps"] = optimizer.Steps.ToString(CultureInfo.InvariantCulture),
            ["late"] = JsonSerializer.Serialize(late),
        };
    }

    /// <summary>The steps of parameters that have missed some, on whichever rank these are stepped. Collective.</summary>
    public static IReadOnlyDictionary<string, long> LateOfAll(ICommunicator world, Optimizer optimizer)
        => world.AllGather(JsonSerializer.SerializeToUtf8Bytes(optimizer.LateCounts))
            .SelectMany(part => JsonSerializer.Deserialize<Dictionary<string, long>>(part)!)
            .DistinctBy(count => count.Key)
            .OrderBy(count => count.Key, StringComparer.Ordinal).ToDictionary(); // not in the order in which they were first stepped

    public string? Restore(SavedTensors saved, IReadOnlyDictionary<string, string> texts)
    {
        if (texts["name"] != optimizer.Name) throw new UsageException($"the checkpoint is of a run with {texts["name"]}, this one has {optimizer.Name}: resume with --optimizer {texts["name"]}, or begin anew without --resume");
        var partition = shards();
        var keys = saved.Names.Where(key => partition is null || partition.Has(key));
        optimizer.Restore(keys, key => partition?.Read(saved, key) ?? saved.Read(key), long.Parse(texts["steps"], CultureInfo.InvariantCulture),
                JsonSerializer.Deserialize<Dictionary<string, long>>(texts["late"])!, device);
        return texts["settings"] == optimizer.ToString() ? null
            : $"the optimiser was {texts["settings"]} and is now {optimizer}";
    }
}
