using System.Globalization;
using System.Text;
using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Graphs;

/// <summary>One node of a summary.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Output">Shape of one sample's result.</param>
/// <param name="Parameters">Elements of its parameters that no earlier node has.</param>
/// <param name="Flops">Floating-point operations of a forward of one sample; a multiply-add counts two.</param>
/// <param name="Bytes">Bytes of one sample's result.</param>
public sealed record LayerSummary(string Name, string Kind, Shape Output, long Parameters, double Flops, long Bytes);

/// <summary>What a net is made of, node by node and in all; its text is a table.</summary>
public sealed class GraphSummary
{
    internal GraphSummary(Graph graph)
    {
        (Name, Input) = (graph.Name, graph.Input.Shape);
        var seen = new HashSet<nint>();
        Layers = [.. graph.Nodes.Select(node => new LayerSummary(node.Name, node.Op.Kind, node.Output.Shape,
            node.Op.Parameters.Where(p => seen.Add(p.Identity())).Sum(p => p.numel()), node.Op.Flops(node),
                node.Output.Bytes(1)))];
        var all = graph.parameters().DistinctBy(p => p.Identity()).ToArray();
        Parameters = all.Sum(p => p.numel());
        Trainable = all.Where(p => p.requires_grad).Sum(p => p.numel());
        ParameterBytes = all.Sum(p => p.numel() * p.element_size());
    }

    /// <summary>The model's name.</summary>
    public string Name { get; }
    /// <summary>Shape of one sample.</summary>
    public Shape Input { get; }
    /// <summary>The nodes, in their order.</summary>
    public IReadOnlyList<LayerSummary> Layers { get; }
    /// <summary>Elements of all parameters, tied ones once.</summary>
    public long Parameters { get; }
    /// <summary>Elements of those that are trained.</summary>
    public long Trainable { get; }
    /// <summary>Bytes of all parameters.</summary>
    public long ParameterBytes { get; }
    /// <summary>Floating-point operations of a forward of one sample; a multiply-add counts two.</summary>
    public double Flops => Layers.Sum(layer => layer.Flops);
    /// <summary>Bytes of all results of one sample; views, which share their input's, count too.</summary>
    public long OutputBytes => Layers.Sum(layer => layer.Bytes);

    /// <summary>A table of the nodes, and the sums.</summary>
    public override string ToString()
    {
        string[][] rows = [["layer", "op", "output", "parameters", "MFLOP"], .. Layers.Select(layer => new[]
        {
            layer.Name, layer.Kind, layer.Output.ToString(), layer.Parameters == 0 ? ""
                : layer.Parameters.ToString("N0", CultureInfo.InvariantCulture),
            (layer.Flops / 1e6).ToString("N2", CultureInfo.InvariantCulture),
        })];
        var widths = Enumerable.Range(0, 5).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.AppendLine($"{row[0].PadRight(widths[0])}  {row[1].PadRight(widths[1])}  {row[2].PadRight(widths[2])}  {row[3].PadLeft(widths[3])}  {row[4].PadLeft(widths[4])}");
        text.Append(string.Create(CultureInfo.InvariantCulture,
            $"{Name} of {Input}: {Parameters:N0} parameters ({Trainable:N0} trained, {ParameterBytes / 1048576.0:N1} MiB), {Flops / 1e9:N3} GFLOP and {OutputBytes / 1048576.0:N1} MiB of results a sample"));
        return text.ToString();
    }
}

/// <summary>Summaries of graphs.</summary>
public static class GraphSummaries
{
    /// <summary>Layers, shapes, parameters, operations and bytes of a net; print it, or read its numbers.</summary>
    public static GraphSummary Summary(this Graph graph) => new(graph);
}
