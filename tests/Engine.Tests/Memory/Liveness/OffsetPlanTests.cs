using Interactive.Memory.Liveness;
using Buffer = Interactive.Memory.Liveness.Buffer;

namespace Interactive.Engine.Tests.Memory.Liveness;

public class OffsetPlanTests
{
    [Fact]
    public void Six_buffers_of_the_oracle()
    {
        Buffer[] buffers = [new(4, 0, 2), new(2, 1, 3), new(3, 2, 5), new(4, 3, 4), new(1, 4, 6), new(2, 5, 6)];
        var plan = OffsetPlan.Assign(buffers, alignment: 1);
        Assert.Equal([0, 7, 4, 0, 7, 0], plan.Offsets);
        Assert.Equal((9, 9), (plan.Bytes, plan.LowerBound));
    }

    [Fact]
    public void Random_buffers_lie_apart_and_close_to_the_bound()
    {
        var random = new Random(20);
        var ratios = new List<double>();
        for (var instance = 0; instance < 500; instance++)
        {
            var buffers =
                Enumerable.Range(0, 40)
                .Select(_ => (Size: random.Next(1, 100), First: random.Next(40), Length: random.Next(40)))
                .Select(x => new Buffer(x.Size, x.First, x.First + x.Length)).ToArray();
            var plan = OffsetPlan.Assign(buffers, alignment: 1);
            for (var i = 0; i < buffers.Length; i++)
                for (var j = 0; j < i; j++)
                    Assert.True(!buffers[i].Overlaps(buffers[j])
                        || plan.Offsets[i] + buffers[i].Bytes <= plan.Offsets[j]
                        || plan.Offsets[j] + buffers[j].Bytes <= plan.Offsets[i]);
            Assert.Equal(Enumerable.Range(0, 80)
                .Max(step => buffers.Where(b => b.First <= step && step <= b.Last).Sum(b => b.Bytes)), plan.LowerBound);
            ratios.Add((double)plan.Bytes / plan.LowerBound);
        }
        Assert.InRange(ratios.Max(), 1, 1.3);
        Assert.InRange(ratios.Average(), 1, 1.03);
    }

    [Fact]
    public void Sizes_are_rounded_to_the_alignment()
        => Assert.Equal((0, 64, 128),
        OffsetPlan.Assign([new(1, 0, 1), new(1, 0, 1)]) is var plan ? (plan.Offsets[0], plan.Offsets[1], plan.Bytes)
        : default);
}
