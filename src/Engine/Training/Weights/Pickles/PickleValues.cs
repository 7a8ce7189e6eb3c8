using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>A class or function that a pickle names; one of a fixed list, and never called.</summary>
internal sealed record PickleName(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>Elements that tensors lie in.</summary>
internal sealed record TorchStorage(string Key, ScalarType Type, long Elements);

/// <summary>A tensor as a pickle describes it: a view of a storage.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Size, long[] Stride)
{
    /// <summary>True when the elements lie one behind the other.</summary>
    public bool IsContiguous
    {
        get
        {
            long next = 1;
            for (var i = Size.Length - 1; i >= 0; next *= Size[i--])
                if (Size[i] != 1 && Stride[i] != next) return false;
            return true;
        }
    }

    /// <summary>How many elements it has; never more than its storage.</summary>
    public long Elements => Size.Aggregate(1L, (product, size) => product * size);

    /// <summary>How many elements of the storage it spans.</summary>
    public long Span => Elements == 0 ? 0 : 1 + Size.Zip(Stride).Sum(p => (p.First - 1) * p.Second);

    /// <summary>
    /// A tensor within its storage, or null: sizes that overflow, more elements than the storage has, an end beyond it.
    /// </summary>
    public static TorchTensor? Within(TorchStorage storage, long offset, long[] size, long[] stride)
    {
        if (size.Length != stride.Length || offset < 0 || offset > storage.Elements || size.Any(s => s < 0)
            || stride.Any(s => s < 0)) return null;
        var tensor = new TorchTensor(storage, offset, size, stride);
        if (size.Contains(0)) return tensor;
        long elements = 1, last = offset;
        for (var i = 0; i < size.Length; i++)
        {
            if (size[i] > storage.Elements / elements) return null;
            elements *= size[i];
            if (size[i] > 1 && stride[i] > (storage.Elements - 1 - last) / (size[i] - 1)) return null;
            last += (size[i] - 1) * (size[i] > 1 ? stride[i] : 0);
        }
        return last < storage.Elements ? tensor : null;
    }
}
