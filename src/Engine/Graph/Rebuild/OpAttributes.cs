using System.Text.Json;

namespace Interactive.Graphs;

/// <summary>What a file says about an op, by the names of <see cref="Op.Attributes"/>.</summary>
/// <exception cref="InvalidDataException">An attribute is missing or of another kind; thrown by every
/// member.</exception>
internal sealed class OpAttributes(JsonElement attributes)
{
    /// <summary>How an infinite number is written, which JSON has not.</summary>
    public const string Infinite = "Infinity";
    /// <summary>And what is no number.</summary>
    public const string NotANumber = "NaN";

    /// <summary>A whole number of at least <paramref name="least"/>, small enough for a dimension.</summary>
    public long Whole(string name, long least = 0)
        => Small(Get(name), least) ?? throw Wrong(name);

    /// <summary>True where there is one of this name.</summary>
    public bool Has(string name)
        => attributes.ValueKind == JsonValueKind.Object && attributes.TryGetProperty(name, out _);

    /// <summary>A whole number that may be negative, such as a dimension counted from the last.</summary>
    public long Signed(string name) => Small(Get(name), int.MinValue) ?? throw Wrong(name);

    /// <summary>Whole numbers that may be negative.</summary>
    public long[] SignedList(string name) => Wholes(name, int.MinValue);

    /// <summary>A number, or an infinite one.</summary>
    public double Number(string name)
    {
        var value = Get(name);
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number))
            return number;
        return value.ValueKind != JsonValueKind.String ? throw Wrong(name) : value.GetString() switch
        {
            Infinite => double.PositiveInfinity,
            "-" + Infinite => double.NegativeInfinity,
            NotANumber => double.NaN,
            _ => throw Wrong(name),
        };
    }

    /// <summary>True or false.</summary>
    public bool Flag(string name)
        => Get(name).ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(name)
        };

    /// <summary>A height and a width of at least <paramref name="least"/>.</summary>
    public Size2 Size(string name, long least = 0)
        => Wholes(name, least) is [var height, var width] ? new(height, width) : throw Wrong(name);

    /// <summary>Whole numbers of at least <paramref name="least"/>.</summary>
    public long[] Wholes(string name, long least = 0)
    {
        var value = Get(name);
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name);
        return [.. value.EnumerateArray().Select(v => Small(v, least) ?? throw Wrong(name))];
    }

    /// <summary>A text.</summary>
    public string Text(string name)
        => Get(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw Wrong(name);

    /// <summary>Texts.</summary>
    public IEnumerable<string> Texts(string name)
        => List(name).Select(v => v.ValueKind == JsonValueKind.String ? v.GetString()! : throw Wrong(name));

    /// <summary>The name of an element type.</summary>
    public TorchSharp.torch.ScalarType Type(string name)
        => Enum.TryParse<TorchSharp.torch.ScalarType>(Text(name), out var type) && Enum.IsDefined(type) ? type
        : throw Wrong(name);

    /// <summary>An object.</summary>
    public JsonElement Object(string name)
        => Get(name) is { ValueKind: JsonValueKind.Object } value ? value : throw Wrong(name);

    /// <summary>The elements of a list.</summary>
    public IEnumerable<JsonElement> List(string name)
        => Get(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw Wrong(name);

    private static long? Small(JsonElement value, long least)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= least
        && number <= int.MaxValue ? number : null;

    /// <summary>Whatever there is.</summary>
    public JsonElement Get(string name)
        => attributes.ValueKind == JsonValueKind.Object && attributes.TryGetProperty(name, out var value) ? value
        : throw new InvalidDataException($"it has no {name}");

    private InvalidDataException Wrong(string name) => new($"its {name} cannot be {Get(name)}");
}
