using Interactive.Kernel.Hosting.Bench;

namespace Interactive.Kernel.Tests.Hosting;

public class PairedStepsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_contestant_follows_every_other_equally_often(int count)
    {
        var followed = new Dictionary<(int, int), int>();
        for (var round = 0; round < 2 * count; round++)
        {
            var order = PairedSteps.Order(round, count).ToArray();
            Assert.Equal(Enumerable.Range(0, count), order.Order());
            foreach (var pair in order.Zip(order.Skip(1))) followed[pair] = followed.GetValueOrDefault(pair) + 1;
        }
        Assert.Equal(count * (count - 1), followed.Count);
        Assert.All(followed.Values, times => Assert.Equal(2, times));
    }
}
