using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Tensors that are overwritten on resuming: a model's parameters and buffers, averages of them. Never kept when one is
/// not finite.
/// </summary>
/// <param name="name">The part's name.</param>
/// <param name="tensors">Gives the tensors as they are now.</param>
internal sealed class TensorsPart(string name, Func<IReadOnlyDictionary<string, Tensor>> tensors) : ICheckpointPart
{
    public string Name => name;

    /// <summary>Fails when a number among them is not finite.</summary>
    /// <exception cref="UsageException">The message names the tensor.</exception>
    public IEnumerable<TensorEntry> Tensors()
    {
        var all = tensors();
        foreach (var (key, tensor) in all)
            if (!IsFinite(tensor))
                throw new UsageException($"{key} holds numbers that are not finite, so no checkpoint is written: lower --learning-rate, raise --warm-up or set --clip-norm, and --resume goes on from the checkpoint before");
        return all.Select(t => TensorEntry.Of(t.Key, t.Value));
    }

    public IReadOnlyDictionary<string, string> Texts() => new Dictionary<string, string>();

    public string? Restore(SavedTensors saved, IReadOnlyDictionary<string, string> texts)
    {
        var wanted = tensors();
        if (wanted.Count > 0 && !saved.Names.Any())
            throw new UsageException($"it keeps no '{name}', which this run has: resume with the options of the run that wrote it, or begin anew without --resume");
        saved.ReadInto(wanted);
        return null;
    }

    // A sum of finite numbers can overflow: only then is each looked at.
    private static bool IsFinite(Tensor tensor)
    {
        if (!tensor.is_floating_point()) return true;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return double.IsFinite(tensor.sum().to_type(ScalarType.Float64).item<double>())
            || tensor.isfinite().all().item<bool>();
    }
}
