using System.Text.Json;

namespace Interactive.Graphs;

/// <summary>What a file says about an op, by the names of <see cref="Op.Attributes"/>.</summary>
/// <exception cref="InvalidDataException">An attribute is missing or of another kind; thrown by every member.</exception>
internal sealed class OpAttributes(JsonElement attributes)
{
    /// <summary>A whole number of at least <paramref name="least"/>, small enough for a dimension.</summary>
    public long Whole(string name, long least = 0)
        => Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) && number >= least && number <= int.MaxValue ? number : throw Wrong(name);

    /// <summary>A number.</summary>
    public double Number(string name)
        => Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : throw Wrong(name);

    /// <summary>True or false.</summary>
    public bool Flag(string name) => Get(name).ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => throw Wrong(name) };

    /// <summary>A height and a width of at least <paramref name="least"/>.</summary>
    public Size2 Size(string name, long least = 0) => Wholes(name, least) is [var height, var width] ? new(height, width) : throw Wrong(name);

    /// <summary>Whole numbers of at least <paramref name="least"/>.</summary>
    public long[] Wholes(string name, long least = 0)
    {
        var value = Get(name);
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name);
        return [.. value.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt64(out var number) && number >= least && number <= int.MaxValue ? number : throw Wrong(name))];
    }

    private JsonElement Get(string name)
        => attributes.ValueKind == JsonValueKind.Object && attributes.TryGetProperty(name, out var value) ? value : throw new InvalidDataException($"it has no {name}");

    private InvalidDataException Wrong(string name) => new($"its {name} cannot be {Get(name)}");
}
