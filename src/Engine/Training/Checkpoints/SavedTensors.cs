using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>The tensors of a file whose names begin alike, and how they are put into those of a model.</summary>
/// <param name="file">The file; stays the caller's.</param>
/// <param name="prefix">What the names begin with; left out of <see cref="Names"/>.</param>
/// <param name="without">Tensors that are passed over, by their names without the prefix; default none.</param>
internal sealed class SavedTensors(SafetensorsFile file, string prefix, Func<string, bool>? without = null)
{
    private static readonly ScalarType[] Floats = [ScalarType.Float64, ScalarType.Float32, ScalarType.Float16,
        ScalarType.BFloat16];

    private readonly IReadOnlyDictionary<string, (ScalarType Type, long[] Shape)> tensors = file.Tensors
        .Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal) && without?.Invoke(t.Key[prefix.Length..]) != true)
        .ToDictionary(t => t.Key[prefix.Length..], t => t.Value);

    /// <summary>All tensors of a file.</summary>
    public static SavedTensors Of(SafetensorsFile file) => new(file, "");

    /// <summary>The same without some of them.</summary>
    public SavedTensors Without(Func<string, bool> names) => new(file, prefix, names);

    /// <summary>The names, without the prefix.</summary>
    public IEnumerable<string> Names => tensors.Keys;
    /// <summary>The shape of one.</summary>
    public long[] ShapeOf(string name) => tensors[name].Shape;
    /// <summary>Reads one; the caller owns it.</summary>
    public Tensor Read(string name) => file.Read(prefix + name);

    /// <summary>Reads elements of one, as a vector that the caller owns.</summary>
    public Tensor Read(string name, long from, long count)
    {
        var part = empty(count, tensors[name].Type).DetachFromDisposeScope();
        file.ReadInto(prefix + name, from, part);
        return part;
    }

    /// <summary>The floating-point type of all that have one, or null where they differ.</summary>
    public ScalarType? SingleFloat
        => tensors.Values.Select(t => t.Type).Where(Floats.Contains).Distinct().ToArray() is [var type] ? type : null;

    /// <summary>
    /// Overwrites tensors by those of the same names, one at a time. Nothing is written unless all fit.
    /// </summary>
    /// <exception cref="UsageException">Names or shapes differ; the message names the first.</exception>
    public void ReadInto(IReadOnlyDictionary<string, Tensor> targets)
    {
        RequireFit(targets);
        foreach (var (name, target) in targets) ReadInto(name, target);
    }

    /// <summary>Compares names, shapes and types.</summary>
    /// <exception cref="UsageException">They differ; the message names the first.</exception>
    public void RequireFit(IReadOnlyDictionary<string, Tensor> targets)
    {
        foreach (var (name, target) in targets)
        {
            if (!tensors.TryGetValue(name, out var saved)) throw new UsageException($"the model's {name} {Text(target.shape)} is not in the file{Instead(targets)}");
            if (!saved.Shape.SequenceEqual(target.shape)) throw new UsageException($"{name} has the shape {Text(target.shape)} in the model and {Text(saved.Shape)} in the file");
            if (saved.Type != target.dtype && !(Floats.Contains(saved.Type) && Floats.Contains(target.dtype)))
                throw new UsageException($"{name} is {target.dtype} in the model and {saved.Type} in the file");
        }
        if (tensors.Keys.FirstOrDefault(name => !targets.ContainsKey(name)) is { } extra)
            throw new UsageException($"the file's {extra} {Text(tensors[extra].Shape)} is not in the model");
    }

    private void ReadInto(string name, Tensor target)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (target.device_type == DeviceType.CPU && target.is_contiguous() && target.dtype == tensors[name].Type)
            file.ReadInto(prefix + name, 0, target.detach());
        else
        {
            using var values = Read(name);
            target.copy_(values);
        }
    }

    private string Instead(IReadOnlyDictionary<string, Tensor> targets)
        => tensors.Keys.FirstOrDefault(name => !targets.ContainsKey(name)) is { } other
        ? $", which has {other} {Text(tensors[other].Shape)}" : "";

    private static string Text(long[] shape)
        => $"[{string.Join(", ", shape.Select(s => s.ToString(CultureInfo.InvariantCulture)))}]";
}
