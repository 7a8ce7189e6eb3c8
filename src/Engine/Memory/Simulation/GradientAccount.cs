namespace Interactive.Memory;

/// <summary>
/// Which blocks hold the gradients of values, by the rules of the executor: who shares one, who adds in place, who
/// takes a part of one, who copies.
/// </summary>
internal sealed class GradientAccount
{
    private readonly PlanningGraph graph;
    private readonly BlockAccount blocks;
    private readonly int[] gradients; // value -> block, or none
    private readonly bool[] isPart;   // of a join's gradient, which nobody writes

    public GradientAccount(PlanningGraph graph, BlockAccount blocks)
    {
        (this.graph, this.blocks) = (graph, blocks);
        gradients = new int[graph.ValueBytes.Length];
        isPart = new bool[gradients.Length];
    }

    /// <summary>Begins anew.</summary>
    public void Reset() => Array.Fill(gradients, BlockAccount.None);

    /// <summary>True when some consumer has found a gradient of this value.</summary>
    public bool Has(int value) => gradients[value] >= 0;

    /// <summary>A gradient that comes from elsewhere.</summary>
    public void Make(int value)
    {
        gradients[value] = blocks.New(value, gradient: true);
        isPart[value] = false;
    }

    /// <summary>Gives back what was taken.</summary>
    public void PutBack(int value, int block) => (gradients[value], isPart[value]) = (block, false);

    /// <summary>True when taking the gradient of a node's output makes a copy of it.</summary>
    public bool CopiesWhenTaken(PlanningGraph.Facts node, bool isMasked)
    {
        var value = node.Id + 1;
        return isMasked ? isPart[value] || blocks.IsShared(gradients[value]) : isPart[value] && node.HasGraph;
    }

    /// <summary>Takes the gradient of a node's output.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isMasked">A rectifier's output is applied to it on the way.</param>
    /// <param name="wasPart">What is taken is still a part of another gradient.</param>
    public int Take(PlanningGraph.Facts node, bool isMasked, out bool wasPart)
    {
        var value = node.Id + 1;
        var gradient = gradients[value];
        if (CopiesWhenTaken(node, isMasked))
        {
            var copy = blocks.New(value, gradient: true);
            blocks.Release(gradient);
            (gradient, isPart[value]) = (copy, false);
        }
        wasPart = isPart[value];
        gradients[value] = BlockAccount.None;
        return gradient;
    }

    /// <summary>Hands the gradient of a sum, a view or a join on to its inputs.</summary>
    public void PassOn(PlanningGraph.Facts node, int gradient, bool wasPart)
    {
        for (var i = 0; i < node.Inputs.Length; i++)
        {
            var input = node.Inputs[i];
            if (!graph.Wants[input]) continue;
            if (node.IsJoin && node.HandsOn[i]) Add(input, blocks.Own(gradient), part: true);
            else if (node.IsSum ? node.Weights[i] == 1 : node.ViewsAll && !wasPart && !blocks.IsShared(gradient))
                Add(input, blocks.Own(gradient), wasPart);
            else Add(input, blocks.New(input, gradient: true), part: false);
        }
        blocks.Release(gradient);
    }

    /// <summary>Adds what one consumer found to the gradient of a value.</summary>
    public void Add(int value, int block, bool part)
    {
        ref var sum = ref gradients[value];
        if (sum < 0) (sum, isPart[value]) = (block, part);
        else if (!isPart[value] && !blocks.IsShared(sum)) blocks.Release(block);
        else if (!part && !blocks.IsShared(block))
        {
            blocks.Release(sum);
            (sum, isPart[value]) = (block, false);
        }
        else
        {
            var joined = blocks.New(value, gradient: true);
            blocks.Release(sum);
            blocks.Release(block);
            (sum, isPart[value]) = (joined, false);
        }
    }
}
