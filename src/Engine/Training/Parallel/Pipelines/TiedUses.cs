using Interactive.Collectives;
using Interactive.Graphs;
using Interactive.Layouts;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Parameters that several nodes use. Each use adds to a tensor of its own over the whole step; afterwards these are
/// added from the last use to the first, stage by stage, so that the bits do not depend on where the net was cut. The
/// stage of the first use steps the parameter and sends it back.
/// </summary>
internal sealed unsafe class TiedUses : IDisposable
{
    private const int Tag = 3;

    private sealed record Tie(string Name, Parameter Parameter, List<(int Node, int Stage, Tensor? Sum)> Uses);

    private readonly List<Tie> ties = [];

    /// <param name="graph">The fused graph.</param>
    /// <param name="stages">Its stages.</param>
    /// <param name="isMine">By stage.</param>
    /// <param name="nameOf">Names of parameters.</param>
    public TiedUses(Graph graph, IReadOnlyList<Stage> stages, Func<int, bool> isMine, Func<Parameter, string> nameOf)
    {
        var uses = graph.Nodes.SelectMany(n => n.Op.Parameters.Where(p => p.requires_grad).DistinctBy(p => p.Identity())
            .Select(p => (Node: n, Parameter: p)));
        foreach (var group in uses.GroupBy(u => u.Parameter.Identity()).Where(g => g.Count() > 1))
        {
            var parameter = group.First().Parameter;
            ties.Add(new(nameOf(parameter), parameter, [.. group.Select(u => Use(u.Node.Id, parameter))]));
        }

        (int, int, Tensor?) Use(int node, Parameter parameter)
        {
            var stage = Enumerable.Range(0, stages.Count).First(s => node < stages[s].End);
            return (node, stage,
                isMine(stage) ? zeros_like(parameter).requires_grad_(false).DetachFromDisposeScope() : null);
        }
    }

    /// <summary>By node: the parameters whose gradient it adds to a tensor of its own, with that tensor.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<(Parameter, Tensor)>> Sums
        => ties.SelectMany(t => t.Uses.Where(u => u.Sum is not null).Select(u => (u.Node, t.Parameter, u.Sum)))
        .GroupBy(u => u.Node)
            .ToDictionary(g => g.Key,
            g => (IReadOnlyList<(Parameter, Tensor)>)[.. g.Select(u => (u.Parameter, u.Sum!))]);

    /// <summary>Bytes of the uses' tensors.</summary>
    public long Bytes => ties.Sum(t => t.Uses.Sum(u => u.Sum is { } sum ? sum.numel() * sum.element_size() : 0));

    /// <summary>The stage that steps a parameter of several uses, or null for any other.</summary>
    public int? Owner(Parameter parameter)
        => ties.Find(t => t.Parameter.Identity() == parameter.Identity())?.Uses[0].Stage;

    /// <summary>Before a step.</summary>
    public void Zero()
    {
        using var noGrad = no_grad();
        foreach (var tie in ties)
            foreach (var (_, _, sum) in tie.Uses) sum?.zero_();
    }

    /// <summary>
    /// Adds the uses, from the last one to the first; the sum is where the first one's is. Every stage does so.
    /// </summary>
    /// <param name="link">To the other stages.</param>
    /// <param name="rankOf">By stage.</param>
    /// <param name="me">This rank.</param>
    /// <param name="place">Where the sum is wanted, for a parameter that this rank steps.</param>
    public void Join(MessageLink? link, Func<int, int> rankOf, int me, Func<Parameter, Tensor> place)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter, uses) in ties)
        {
            Tensor? sum = null;
            for (var i = uses.Count - 1; i >= 0; i--)
            {
                var (_, stage, mine) = uses[i];
                if (mine is not null) sum = sum is null ? mine.clone() : sum.add_(mine, Scalars.One);
                if (i == 0 || rankOf(uses[i - 1].Stage) == rankOf(stage)) continue;
                if (mine is not null) Move(sum!, isSend: true, rankOf(uses[i - 1].Stage));
                else if (rankOf(uses[i - 1].Stage) == me)
                    Move(sum = empty_like(parameter), isSend: false, rankOf(stage));
            }
            if (rankOf(uses[0].Stage) == me) place(parameter).copy_(sum!);

            void Move(Tensor tensor, bool isSend, int peer)
                => TiedUses.Move(link!, tensor, isSend, peer, $"the gradient of {name}");
        }
    }

    /// <summary>Gives the stepped parameters to the stages that use them too.</summary>
    public void Share(MessageLink? link, Func<int, int> rankOf, int me)
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter, uses) in ties)
        {
            var owner = rankOf(uses[0].Stage);
            foreach (var other in uses.Select(u => rankOf(u.Stage)).Distinct().Where(r => r != owner))
                if (owner == me) Move(link!, parameter, isSend: true, other, name);
                else if (other == me) Move(link!, parameter, isSend: false, owner, name);
        }
    }

    private static void Move(MessageLink link, Tensor tensor, bool isSend, int peer, string name)
    {
        const long Piece = 1 << 30;
        var data = (byte*)Runtime.Kernels.ElementKernels.Data(tensor);
        var bytes = tensor.numel() * tensor.element_size();
        for (long at = 0; at < bytes; at += Piece)
        {
            var count = (int)Math.Min(Piece, bytes - at);
            link.Wait(isSend ? link.Send(data + at, count, peer, Tag, name)
                : link.Receive(data + at, count, peer, Tag, name));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tie in ties)
            foreach (var (_, _, sum) in tie.Uses) sum?.Dispose();
    }
}
