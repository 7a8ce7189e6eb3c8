using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>The few names that a file of tensors needs, and what each means here.</summary>
internal static class PickleNames
{
    private const string Utilities = "torch._utils";

    private static readonly HashSet<PickleName> Plain =
        [new("collections", "OrderedDict"), new(Utilities, "_rebuild_tensor_v2"), new(Utilities, "_rebuild_parameter"),
            new("torch", "Size"), new("torch.serialization", "_get_layout")];

    private static readonly HashSet<string> Types = ["float32", "float64", "float16", "bfloat16", "int64", "int32",
        "int16", "int8", "uint8", "bool", "complex64", "complex128"];

    /// <summary>A name of the list.</summary>
    /// <exception cref="InvalidDataException">Any other.</exception>
    public static PickleName Known(string module, string name)
    {
        var known = new PickleName(module, name);
        return Plain.Contains(known) || module == "torch" && (TorchTypes.Of(name) is not null || Types.Contains(name))
            ? known
            : throw new InvalidDataException($"it holds a {Short(known)}, and only tensors, dictionaries, lists, numbers and texts are read (nothing is run): save state_dict() in place of the whole module");
    }

    /// <summary>What a storage's persistent id stands for: ('storage', class, key, place, elements).</summary>
    public static TorchStorage Storage(object id)
        => id is object[]
        and ["storage", PickleName { Module: "torch" } type, string key, _, long and >= 0 and var elements]
        && TorchTypes.Of(type.Name) is { } of ? new TorchStorage(key, of, elements)
            : throw Unpickler.Wrong("with an id of no storage");

    /// <summary>What a call means.</summary>
    public static object Make(PickleName name, object[] arguments) => (name.Name, arguments) switch
    {
        ("OrderedDict", []) => new Dictionary<object, object>(),
        ("Size", [object[] sizes]) => sizes,
        ("_rebuild_parameter", [TorchTensor tensor, ..]) => tensor,
        ("_rebuild_tensor_v2", [TorchStorage storage, long offset, object[] size, object[] stride, ..]) =>
            TorchTensor.Within(storage, offset, Numbers(size), Numbers(stride)) ?? throw Unpickler.Wrong($"with a tensor of {string.Join('x', size)} that is not within its storage of {storage.Elements} elements"),
        _ => throw Unpickler.Wrong($"that calls {Short(name)} with other arguments than PyTorch does"),
    };

    private static long[] Numbers(object[] values)
        => Array.ConvertAll(values,
        v => v is long number ? number : throw Unpickler.Wrong("with a size that is no number"));

    private static string Short(PickleName name)
        => name.ToString() is { Length: > 100 } text ? text[..100] + "…" : name.ToString();
}
