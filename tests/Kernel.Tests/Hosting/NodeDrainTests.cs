using Interactive.Kernel.Hosting.Nodes;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

[Collection(ProcessWide.Name)]
public sealed class NodeDrainTests
{
    private static readonly IReadOnlyList<Finding> broken = [new("disk", Fitness.Unfit, "/ has 0.1 % of its space free"), new("heat", Fitness.Doubtful, "hot")];

    [SkippableFact, Trait("Speed", "slow")]
    public void Slurm_is_told_and_what_others_have_drained_is_left_to_them()
    {
        var (cluster, why) = SlurmCluster.Start(26937);
        Skip.If(cluster is null, why);
        using var _ = cluster;
        (string, string)[] variables = [("SLURM_CONF", cluster!.Configuration), ("SLURMD_NODENAME", "n1")];
        foreach (var (name, value) in variables) Environment.SetEnvironmentVariable(name, value);
        try
        {
            string Node() => cluster.Run("scontrol show node n1");
            Assert.Null(NodeDrain.Apply([]));
            Assert.Null(NodeDrain.Apply([broken[1]])); // doubts are no reason
            Assert.Equal("n1 is drained", NodeDrain.Apply(broken));
            Assert.Contains("Reason=interactive: disk: / has 0.1 % of its space free", Node());
            Assert.Contains("DRAIN", Node());
            Assert.Null(NodeDrain.Apply(broken)); // it is already
            Assert.Equal("n1 is given back", NodeDrain.Apply([]));
            Assert.DoesNotContain("DRAIN", Node());

            cluster.Run("scontrol update nodename=n1 state=drain reason='new fan'");
            Assert.Null(NodeDrain.Apply(broken));
            Assert.Null(NodeDrain.Apply([]));
            Assert.Contains("DRAIN", Node());
            Assert.Contains("Reason=new fan", Node());
        }
        finally { foreach (var (name, _) in variables) Environment.SetEnvironmentVariable(name, null); }
    }
}
