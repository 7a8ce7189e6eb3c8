using Interactive.Data;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data.Composition;

public class DrawnTests
{
    private static readonly IDataset<int> numbers = Dataset.Of([.. Enumerable.Range(0, 40)], i => i % 2);
    private static readonly Func<IReadOnlyList<int>, Batch> collate = all => new(tensor(all.ToArray()), tensor(all.ToArray()));

    [Fact]
    public void Parts_of_what_is_drawn_anew_each_epoch_are_refused()
    {
        IDataset<int>[] drawn = [numbers.Weighted([.. Enumerable.Repeat(1.0, 40)]), numbers.Balanced(),
            new[] { numbers, numbers }.Mix([1, 1]), numbers.Balanced().Map(i => i + 1), numbers.Concat(numbers.Balanced())];
        foreach (var data in drawn)
        {
            Action[] parts = [() => data.Split(), () => data.Where(i => i > 1), () => data.Take(3), () => data.Skip(3), () => data.Subset([1]),
                () => data.Batches(collate).Split(), () => data.Batches(collate).Subset([0])];
            foreach (var part in parts) Assert.Contains("in front of them", Assert.Throws<UsageException>(part).Message);
        }
        Assert.Equal(30, numbers.Split(0.5).Train.Balanced(30).Count);
    }

    [Fact]
    public void A_part_keeps_like_lengths_together()
    {
        var lengths = Enumerable.Range(0, 40).Select(i => i * 7 % 40).ToArray();
        var (train, _) = numbers.Batches(collate).ByLength(lengths).Split(0.8);
        var order = train.Order(2, 4, 1)!;
        Assert.Equal(Enumerable.Range(0, 32), order.Order());
        foreach (var batch in order.Chunk(4))
        {
            using var read = train.Read(batch);
            var some = read.Input.data<int>().ToArray().Select(i => lengths[i]).ToArray();
            Assert.InRange(some.Max() - some.Min(), 3, 12); // at random some 24
        }
    }

    [Fact]
    public void Kept_samples_keep_their_tensors()
    {
        var kept = numbers.Map(i => (tensor((float)i), tensor((long)i))).Cached(sizeOf: _ => 12).Batches();
        for (var round = 0; round < 2; round++)
        {
            using var batch = kept.Read([3, 4]);
            Assert.Equal([3, 4], batch.Input.data<float>().ToArray());
        }
        Tensor? own = null;
        var disposed = numbers.Map(i => (own ??= tensor((float)i), tensor((long)i))).Batches();
        disposed.Read([0]).Dispose();
        Assert.Contains("a tensor that is disposed", Assert.Throws<UsageException>(() => disposed.Read([1])).Message);
    }

    [Fact]
    public void Classes_below_zero_are_told_of()
        => Assert.Contains("sample 0 has the class -1", Assert.Throws<UsageException>(() => Classes.Weights(Dataset.Of([0, 1], i => i - 1))).Message);

    [Fact]
    public void A_condition_that_fails_names_the_sample()
        => Assert.Contains("sample 7 cannot be read: FormatException: no",
            Assert.Throws<UsageException>(() => numbers.Where(i => i < 7 ? true : throw new FormatException("no"))).Message);
}
