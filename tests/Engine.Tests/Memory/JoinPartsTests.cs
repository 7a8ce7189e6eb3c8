using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Models;

namespace Interactive.Engine.Tests.Memory;

/// <summary>Which parts of a join's gradient are not copied.</summary>
public class JoinPartsTests
{
    [Fact]
    public void Every_part_in_a_dense_block_is_handed_on()
    {
        var joins =
            Facts.Analytic("densenet121", 2, new ModelOptions { Image = new Shape(3, 32, 32) }).Nodes
            .Where(n => n.IsJoin).ToArray();
        Assert.Equal(58, joins.Length);
        Assert.All(joins, join => Assert.True(join.HandsOn.All(isHandedOn => isHandedOn)));
    }

    [Fact]
    public void The_skip_around_a_whole_unet_is_copied_and_what_comes_up_is_not()
    {
        var outermost = Facts.Analytic("unet", 2, new ModelOptions { Image = new Shape(3, 32, 32) }).Nodes
            .Last(n => n.IsJoin);
        Assert.False(outermost.HandsOn[0]);
        Assert.True(outermost.HandsOn[1]);
    }
}
