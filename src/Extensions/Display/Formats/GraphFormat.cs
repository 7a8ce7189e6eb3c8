using System.Globalization;
using Interactive.Graphs;

namespace Interactive.Extensions.Display;

/// <summary>A graph: its diagram, and its nodes as a table.</summary>
internal static class GraphFormat
{
    public static MimeBundle Format(Graph graph)
    {
        var summary = string.Create(CultureInfo.InvariantCulture,
            $"{graph.Name}: {graph.Input.Shape} -> {graph.Output.Shape}, {graph.Nodes.Count} nodes, {graph.ParameterCount:N0} parameters");
        var table = new Table(["node", "operation", "reads", "output", "parameters", "MFLOP"],
            [.. graph.Nodes.Select(Row)]);
        var png = new GraphDiagram(graph).Draw();
        return new(new Dictionary<string, object>
        {
            [Mime.Png] = Convert.ToBase64String(png.Bytes),
            [Mime.Html] = $"<p>{Table.Encode(summary)}</p>{Picture.Element(png.Bytes, summary, png.Width)}<details><summary>nodes</summary>{table.ToHtml()}</details>",
            [Mime.Text] = summary + "\n" + table.ToText(),
        });
    }

    /// <summary>Several models side by side. They may be made while they are read.</summary>
    public static MimeBundle Format(IEnumerable<Graph> graphs)
        => new Table(["model", "input", "output", "nodes", "parameters", "GFLOP"],
        [.. graphs.Select(g => (IReadOnlyList<string>)
    [
        g.Name, g.Input.Shape.ToString(), g.Output.Shape.ToString(),
            g.Nodes.Count.ToString(CultureInfo.InvariantCulture),
            g.ParameterCount.ToString("N0", CultureInfo.InvariantCulture),
        (g.Nodes.Sum(n => n.Op.Flops(n)) / 1e9).ToString("N2", CultureInfo.InvariantCulture),
    ])]).ToBundle();

    private static IReadOnlyList<string> Row(Node node) =>
    [
        node.Name, node.Op.Kind, string.Join(" ", node.Inputs.Select(v => v.Name)), node.Output.Shape.ToString(),
        node.Op.Parameters.Sum(p => p.numel()) is > 0 and var count ? count.ToString("N0", CultureInfo.InvariantCulture)
            : "",
        (node.Op.Flops(node) / 1e6).ToString("N1", CultureInfo.InvariantCulture),
    ];
}
