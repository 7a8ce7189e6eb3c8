using Interactive.Graphs.Ops;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Graphs.Partition;

/// <summary>What ranks that have the same samples do with a node.</summary>
internal enum TensorRole : byte
{
    /// <summary>Each runs all of it.</summary>
    Whole,
    /// <summary>A linear layer of whose outputs each has some, as of all that follows up to a <see cref="Row"/>.</summary>
    Column,
    /// <summary>Between the two: each has some heads or features.</summary>
    Inside,
    /// <summary>A linear layer of whose inputs each has some; what they come to is summed behind it.</summary>
    Row,
    /// <summary>A table of whose rows each has some; what they find is summed behind it.</summary>
    Table,
}

/// <summary>
/// Chooses what ranks with the same samples divide (Shoeybi et al. 2019): stretches from linear layers that read one
/// value to those where all that came of it meets, attention by heads among them; tables of tokens; and the layer in
/// front of a loss that takes its classes in slices. What cannot be divided each rank does whole.
/// </summary>
internal sealed class TensorSharding
{
    private readonly Graph graph;
    private readonly int ranks;
    private readonly TensorRole[] roles;
    private readonly int[] groups;
    private readonly SlicedNode?[] inside;
    private readonly Dictionary<nint, int> uses;

    /// <param name="graph">The model, not fused.</param>
    /// <param name="ranks">How many.</param>
    /// <param name="dividesLoss">The loss takes classes in slices.</param>
    /// <exception cref="UsageException">Heads or features do not divide.</exception>
    public TensorSharding(Graph graph, int ranks, bool dividesLoss)
    {
        (this.graph, this.ranks) = (graph, ranks);
        uses = graph.Nodes.SelectMany(n => n.Op.Parameters).CountBy(p => p.Identity()).ToDictionary();
        roles = new TensorRole[graph.Nodes.Count];
        groups = new int[graph.Nodes.Count];
        inside = new SlicedNode?[graph.Nodes.Count];
        foreach (var node in graph.Nodes)
        {
            if (roles[node.Id] != TensorRole.Whole || !IsLinear(node)) continue;
            Node[] together = [.. node.Inputs[0].Consumers.Where(n => n.Id >= node.Id && roles[n.Id] == TensorRole.Whole && IsLinear(n))];
            if (!TryStretch(together, 1) && together.Length > 1) TryStretch([node], 1);
            if (roles[node.Id] == TensorRole.Whole) TryStretch([node], SlicedNode.Packed);
        }
        if (dividesLoss && graph.Outputs is [{ Consumers.Count: 0, Producer: { } head }] && roles[head.Id] == TensorRole.Whole) TryHead(head);
        foreach (var node in graph.Nodes)
            if (node.Op is Embedding && node.Inputs[0].IsRows && uses[node.Op.Parameters.First().Identity()] == 1) TryTable(node);
    }

    /// <summary>By node.</summary>
    public IReadOnlyList<TensorRole> Roles => roles;

    /// <summary>By node with the role <see cref="TensorRole.Column"/>: of how many groups of outputs each rank has a part.</summary>
    public IReadOnlyList<int> Groups => groups;

    /// <summary>By node with the role <see cref="TensorRole.Inside"/>: what a rank runs.</summary>
    public IReadOnlyList<SlicedNode?> Inside => inside;

    /// <summary>Whether each rank has some of the classes.</summary>
    public bool DividesLoss { get; private set; }

    /// <summary>Whether there is anything that is divided.</summary>
    public bool IsAny => Array.Exists(roles, role => role != TensorRole.Whole);

    private bool IsLinear(Node node)
        => node.Op is Linear && node.Op.Module is TorchSharp.Modules.Linear { weight.dtype: ScalarType.Float32 }
        && node.Op.Parameters.All(p => uses[p.Identity()] == 1) && node.Output.Extents.Count > 1;

    // From linear layers that read one value to where all that came of it is summed.
    private bool TryStretch(Node[] columns, int parts)
    {
        var cuts = new Dictionary<Value, Cut>();
        var stretch = new List<(Node Node, TensorRole Role, SlicedNode? Sliced)>();
        string? misfit = null;
        foreach (var node in graph.Nodes.Skip(columns[0].Id))
        {
            var isColumn = columns.Contains(node);
            if (!isColumn && !node.Inputs.Any(cuts.ContainsKey)) continue;
            if (roles[node.Id] != TensorRole.Whole) return false;
            var last = node.Output.Extents.Count - 1;
            if (isColumn)
            {
                if (node.Output.Shape[^1] % (ranks * parts) != 0)
                    misfit ??= $"{node.Name} has {node.Output.Shape[^1] / parts} outputs";
                cuts[node.Output] = new(last, parts);
                stretch.Add((node, TensorRole.Column, null));
            }
            else if (IsLinear(node))
            {
                if (cuts[node.Inputs[0]] != new Cut(node.Inputs[0].Extents.Count - 1)) return false;
                stretch.Add((node, TensorRole.Row, null));
                continue;
            }
            else
            {
                Cut?[] given = [.. node.Inputs.Select(v => cuts.TryGetValue(v, out var cut) ? cut : (Cut?)null)];
                if (SlicedNode.Of(node, given, ranks, ref misfit) is not { } sliced) return false;
                cuts[node.Output] = sliced.Output;
                stretch.Add((node, TensorRole.Inside, sliced));
            }
            if (node.Output.IsOutput) return false;
        }
        if (misfit is not null) throw new UsageException($"{misfit}, which do not divide by {ranks} ranks");
        foreach (var (node, role, sliced) in stretch)
            (roles[node.Id], groups[node.Id], inside[node.Id]) = (role, role == TensorRole.Column ? parts : 1, sliced);
        return true;
    }

    // The layer that makes the scores of classes, and the table that it may share.
    private void TryHead(Node head)
    {
        var isTied = head.Op is TiedLinear;
        var classes = head.Output.Shape[^1];
        if (!isTied && !IsLinear(head) || classes % ranks != 0 || head.Output is not { IsRows: true, Shape.Rank: 1 or 2, Type: ScalarType.Float32 }) return;
        if (isTied)
        {
            var table = head.Op.Parameters.First().Identity();
            var readers = graph.Nodes.Where(n => n.Op.Parameters.Any(p => p.Identity() == table)).ToArray();
            if (!readers.All(n => n == head || n.Op is Embedding { IsPlain: true })) return;
            foreach (var node in readers) TryTable(node);
        }
        (roles[head.Id], groups[head.Id], DividesLoss) = (TensorRole.Column, 1, true);
    }

    private void TryTable(Node node)
    {
        var table = node.Op.Parameters.First();
        if (node.Op is Embedding { IsPlain: true } && table.shape[0] % ranks == 0 && table.dtype == ScalarType.Float32)
            roles[node.Id] = TensorRole.Table;
    }
}
