using Interactive.Memory;
using Interactive.Models;
using Interactive.Runtime;

namespace Interactive.Engine.Tests.Memory;

public class MemoryLimitTests
{
    [Fact]
    public void A_size_is_bytes_and_auto_what_there_is()
    {
        Assert.Equal(3L << 29, MemoryLimit.Parse("1.5GiB").Bytes);
        Assert.InRange(MemoryLimit.Parse("auto").Bytes, 1, MachineMemory.LimitBytes);
        Assert.Equal("900.0 MiB", MemoryLimit.Parse("900MiB").ToString());
    }

    [Fact]
    public void Ranks_of_one_machine_share_what_there_is()
    {
        var alone = MachineMemory.ShareOf(1);
        Assert.InRange(MachineMemory.ShareOf(4), MachineMemory.ResidentBytes / 2, alone);
        Assert.InRange(4 * MemoryLimit.Parse("auto", processes: 4).Bytes, 1, MachineMemory.LimitBytes);
        var half = $"{MachineMemory.LimitBytes / 2 + (1 << 20)}";
        Assert.Equal(MachineMemory.LimitBytes / 2 + (1 << 20), MemoryLimit.Parse(half).Bytes);
        Assert.Contains("for each of 2 ranks",
            Assert.Throws<UsageException>(() => MemoryLimit.Parse(half, processes: 2)).Message);
    }

    [Theory]
    [InlineData("10", "10MiB, 10GiB or auto")]
    [InlineData("0", "--memory 0: a size such as 4GiB, or auto")]
    [InlineData("-1", "--memory -1: a size such as 4GiB, or auto")]
    [InlineData("50%", "--memory-budget")]
    [InlineData("much", "much")]
    [InlineData("1000TiB", "more than there is")]
    public void What_is_none_is_refused_in_one_line(string text, string part)
    {
        var message = Assert.Throws<UsageException>(() => MemoryLimit.Parse(text)).Message;
        Assert.Contains(part, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_budget_without_a_unit_is_asked_back()
    {
        var message = Assert.Throws<UsageException>(() => MemoryBudget.Parse("50")).Message;
        Assert.Contains("50%", message);
        Assert.Contains("50MiB", message);
        Assert.Equal(2_000_000, MemoryBudget.Parse("2000000").Bytes);
    }

    [Fact]
    public void A_pass_without_gradients_takes_what_is_alive_at_once()
    {
        var graph = Zoo.Create("lenet5", new ModelOptions { ShapesOnly = true });
        var peak = InferenceBytes.Peak(graph, 16);
        var biggest = graph.Nodes.Max(n => n.Output.Bytes(16) + n.Inputs.Where(v => !v.IsInput).Sum(v => v.Bytes(16)));
        Assert.InRange(peak, biggest, 4 * biggest); // with what a convolution's kernel may ask for
        Assert.InRange(peak, InferenceBytes.Peak(graph, 1), InferenceBytes.Peak(graph, 1) * 16);
        var sample = graph.Input.Bytes(1);
        var most = InferenceBytes.LargestBatch(graph, peak, 1000, sample);
        Assert.InRange(most, 1, 16);
        Assert.True(InferenceBytes.Peak(graph, most) + InferenceBytes.Batches * most * sample <= peak);
        Assert.Equal(1, InferenceBytes.LargestBatch(graph, 1, 1000, sample));
    }
}
