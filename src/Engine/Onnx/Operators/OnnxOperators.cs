using TorchSharp;

namespace Interactive.Onnx;

/// <summary>All operators that are read, by name.</summary>
internal static class OnnxOperators
{
    private static readonly Dictionary<string, OnnxOperator> Table = new[] { Arithmetic.All, Activations.All, Arrangements.All,
        Pickings.All, Reductions.All, Normalisations.All, Products.All, Convolutions.All, Pools.All, Samplings.All, Spectra.All,
        Recurrences.All, Losses.All, Chances.All, Fused.All }
        .SelectMany(family => family).ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <summary>Names of ONNX's own operators that are read, in order.</summary>
    public static IEnumerable<string> Names => Table.Keys.Where(k => !k.Contains('.')).Order(StringComparer.Ordinal);

    /// <summary>What a node's operator is.</summary>
    public static OnnxOperator Of(OnnxNode node) => Table[Key(node)];

    /// <summary>True for one that is read and holds no graph of its own.</summary>
    public static bool IsRead(OnnxNode node) => Table.ContainsKey(Key(node)) && !node.Attributes.Values.Any(a => a.HasGraph);

    /// <summary>True for one that draws random numbers.</summary>
    public static bool IsRandom(OnnxNode node) => node.Operator == "Dropout" || Chances.All.ContainsKey(node.Operator);

    /// <summary>True for one whose result, made of sizes, is no list of sizes but as large as what they say.</summary>
    public static bool GrowsWithSizes(OnnxNode node, OnnxCall call) => node.Operator switch
    {
        "ConstantOfShape" => call.Longs(0).Length > 1,
        "Expand" or "Tile" => call.Longs(1).Length > 1,
        _ => false,
    };

    private static string Key(OnnxNode node)
        => node.Domain.Length > 0 ? $"{node.Domain}.{node.Operator}" : node.Operator;

    /// <summary>Fails for an operator that is not read.</summary>
    /// <exception cref="InvalidDataException">With its name, its node and what is near.</exception>
    public static void Require(OnnxNode node, long opset)
    {
        if (node.Domain.Length == 0 && Bygone(node, opset) is { } bygone) throw new InvalidDataException($"{node.Operator} ({node.Label}) of opset {opset} {bygone}, which is not read: convert the model to opset 18");
        if (node.Attributes.Values.Any(a => a.HasGraph)) throw new InvalidDataException($"{node.Operator} ({node.Label}) holds a graph of its own, which is not read: export the model without loops and conditions");
        if (Table.ContainsKey(Key(node))) return;
        var near = Table.Keys.OrderBy(k => Distance(k, node.Operator)).Take(3);
        throw new InvalidDataException($"{Key(node)} ({node.Label}) is not read; near it are {string.Join(", ", near)}");
    }

    // What old opsets meant otherwise.
    private static string? Bygone(OnnxNode node, long opset)
    {
        long? Setting(string name) => node.Attributes.TryGetValue(name, out var given) ? given.Long : null;
        if (opset < 7 && Setting("broadcast") == 1) return "stretches its second input from a dimension on";
        if (opset < 7 && node.Operator is "BatchNormalization" or "Dropout" && Setting("is_test") is null)
            return "has other results in training";
        if (opset < 9 && node.Operator == "BatchNormalization" && Setting("spatial") == 0)
            return "normalises each place by itself";
        return opset < 6 && node.Operator is "Tile" or "Selu" ? "has other inputs or defaults" : null;
    }

    // Letters to change, add or leave out.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (corner, left) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++)
                (corner, row[j]) = (row[j],
                left = Math.Min(Math.Min(row[j], left) + 1,
                corner + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1)));
        }
        return row[^1];
    }
}
