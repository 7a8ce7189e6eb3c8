using System.Text;

namespace Interactive.Onnx;

/// <summary>
/// Gives layers the names that a file's weights have (<c>layer1.0.conv1</c> of <c>layer1.0.conv1.weight</c>), else
/// those of its nodes.
/// </summary>
internal sealed class OnnxNames
{
    private readonly HashSet<string> taken = [];

    /// <summary>A name for a layer that nobody has.</summary>
    public string Layer(OnnxNode node)
    {
        var weight = node.Inputs.Skip(1).Concat(node.Inputs.Take(1)).FirstOrDefault(i
            => i.EndsWith(".weight", StringComparison.Ordinal) || i.EndsWith(".bias", StringComparison.Ordinal));
        return Unused(Plain(weight is not null ? weight[..weight.LastIndexOf('.')]
            : node.Name.Length > 0 ? node.Name : node.Operator.ToLowerInvariant()));
    }

    /// <summary>A name for a weight that is no layer's.</summary>
    public string Weight(string name) => Unused(Plain(name));

    private static string Plain(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name.Trim('/'))
            text.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : c is '.' or '/' ? '.' : '_');
        var parts = text.ToString().Split('.', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 0 ? "layer"
            : string.Join('.', parts.Select(p => p.Trim('_') is { Length: > 0 } trimmed ? trimmed : "layer"));
    }

    private string Unused(string name)
    {
        if (taken.Add(name)) return name;
        for (var i = 1; ; i++)
            if (taken.Add($"{name}_{i}")) return $"{name}_{i}";
    }
}
