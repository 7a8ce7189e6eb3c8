using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Layouts;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Layouts;

public sealed class StageTests
{
    private sealed class Counts : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(4, 4);
        private readonly Tensor runs = zeros(1);

        public Counts() : base("counts")
        {
            register_buffer("runs", runs);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            if (training) using (no_grad()) runs.add_(0.01f);
            return layer.call(x) * (1 + runs);
        }
    }

    /// <summary>A cut between what moves a buffer and what reads it would be refused when a run begins: the planner makes none.</summary>
    [Fact]
    public void Nets_are_not_cut_where_two_ranks_would_share_a_buffer()
    {
        using var scope = NewDisposeScope();
        var graph = Fusion.Fuse(Graph.Trace(nn.Sequential(nn.Linear(4, 4), new Counts(), nn.ReLU(), new Counts(), nn.Linear(4, 4)), randn(2, 4)));
        var tears = Stage.Tears(graph);
        string Part(int node) => graph.Nodes[node].Name.Split('.')[0];
        Assert.NotEmpty(tears);
        Assert.All(tears, place => Assert.Equal(Part(place - 1), Part(place)));
        var sound = Stage.Places(graph).Where(place => !tears.Contains(place)).ToList();
        foreach (var part in (string[])["1", "3", "4"])
            Assert.Contains(graph.Nodes.First(n => n.Name.Split('.')[0] == part).Id, sound);
    }
}
