using System.Collections;
using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>A field in which a part of a module may keep something from run to run, and what it held when this was made.</summary>
internal sealed class KeptField(string partName, nn.Module part, FieldInfo place)
{
    private readonly object? value = place.GetValue(part);
    private readonly object?[] elements = place.GetValue(part) is ICollection list ? [.. list.Cast<object?>()] : [];
    private readonly Array? copy = (Array?)(place.GetValue(part) as Array)?.Clone();
    private readonly Tensor[] tensors = [.. KeptTensors.Tensors(place.GetValue(part))];

    /// <summary>The part's name in the whole, "" for the whole.</summary>
    public string PartName => partName;
    /// <summary>The field's name.</summary>
    public string Name => place.Name;

    /// <summary>Numbers, truth values or texts, and no tensors.</summary>
    public bool IsPlain => Watched.IsValue(place.FieldType.IsArray ? place.FieldType.GetElementType()! : place.FieldType);

    /// <summary>It holds others now than those that it had, as a state does and a mask that is made once does not.</summary>
    public bool IsReplaced
    {
        get
        {
            var held = place.GetValue(part);
            if (held is Array { Length: > 0 } array && Watched.IsValue(array.GetType().GetElementType()!)) return !array.Cast<object?>().SequenceEqual(elements);
            var now = KeptTensors.Tensors(held).ToHashSet<object>(ReferenceEqualityComparer.Instance);
            return tensors.Length > 0 && (now.Count != tensors.Length || !tensors.All(now.Contains));
        }
    }

    /// <summary>Gives it what it held.</summary>
    public void PutBack()
    {
        if (!place.IsInitOnly) place.SetValue(part, value);
        if (value is Array array) Array.Copy(copy!, array, array.Length);
        else if (value is ICollection) Refill(value);
    }

    // Each kind of collection has a word of its own for it.
    private void Refill(object collection)
    {
        var type = collection.GetType();
        if (new[] { "Add", "Enqueue", "Push", "TryAdd" }.Select(name => Array.Find(type.GetMethods(), m => m.Name == name)).FirstOrDefault(m => m is not null) is not { } add) return;
        type.GetMethod("Clear", [])?.Invoke(collection, null);
        foreach (var element in add.Name == "Push" ? elements.Reverse() : elements)
            add.Invoke(collection, add.GetParameters().Length == 2 ? [Part(element!, "Key"), Part(element!, "Value")] : [element]);
    }

    private static object? Part(object pair, string name) => pair.GetType().GetProperty(name)!.GetValue(pair);
}
