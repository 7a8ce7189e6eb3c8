using System.Collections;
using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>A field in which a part of a module may keep tensors, and what it held when this was made.</summary>
internal sealed class KeptField(string partName, nn.Module part, FieldInfo place)
{
    private readonly object? value = place.GetValue(part);
    private readonly object?[] elements = place.GetValue(part) is ICollection list ? [.. list.Cast<object?>()] : [];
    private readonly Tensor[] tensors = [.. KeptTensors.Tensors(place.GetValue(part))];

    /// <summary>The part's name in the whole, "" for the whole.</summary>
    public string PartName => partName;
    /// <summary>The field's name.</summary>
    public string Name => place.Name;

    /// <summary>It holds others now than those that it had, as a state does and a mask that is made once does not.</summary>
    public bool IsReplaced
    {
        get
        {
            var now = KeptTensors.Tensors(place.GetValue(part)).ToHashSet<object>(ReferenceEqualityComparer.Instance);
            return tensors.Length > 0 && (now.Count != tensors.Length || !tensors.All(now.Contains));
        }
    }

    /// <summary>Gives it what it held.</summary>
    public void PutBack()
    {
        if (!place.IsInitOnly) place.SetValue(part, value);
        if (value is IList { IsFixedSize: false } list)
        {
            list.Clear();
            foreach (var element in elements) list.Add(element);
        }
        else if (value is Array array && array.Rank == 1) elements.CopyTo(array, 0);
        else if (value is IDictionary map)
        {
            var pairs = elements.Select(e => (e!.GetType().GetProperty("Key")!.GetValue(e)!, e.GetType().GetProperty("Value")!.GetValue(e))).ToList();
            map.Clear();
            foreach (var (key, held) in pairs) map.Add(key, held);
        }
    }
}
