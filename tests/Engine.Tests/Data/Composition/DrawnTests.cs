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

    [Fact]
    public void Functions_that_write_into_kept_samples_are_refused()
    {
        var floats = Dataset.Of([.. Enumerable.Range(0, 8).Select(i => (new float[] { i, 3 - i }, 0L))]);
        Func<(float[] Numbers, long), (float[], long)> scale = s => { s.Numbers[0] /= 2; return s; }, sort = s => { Array.Sort(s.Numbers); return s; };
        using var scope = NewDisposeScope();
        var tensors = Dataset.Of([.. Enumerable.Range(0, 8).Select(i => tensor([i + 1f]))]);
        Action[] wrong = [() => _ = floats.Map(scale)[1], () => _ = floats.Cached().Take(4).Map(scale)[1], () => _ = tensors.Map(t => t.mul_(2))[1],
            () => floats.Augment((s, random) => { s.Item1[0] = random.Next(99) + 7; return s; }).Get(1, new Pass(0))];
        foreach (var write in wrong) Assert.Contains("let it change a copy", Assert.Throws<UsageException>(write).Message);
        // one that is made for the function is its own, and what is sorted is sorted
        var fresh = Dataset.Of([.. Enumerable.Range(0, 8)]).Map(i => (new float[] { i }, 0L)).Map(scale);
        Assert.Equal([2, 2], new[] { fresh[4].Item1[0], fresh[4].Item1[0] });
        Assert.Equal([-4, 7], floats.Map(sort)[7].Item1);
    }

    [Fact]
    public void A_sample_that_comes_twice_is_changed_otherwise_each_time()
    {
        var noisy = numbers.Augment((i, random) => i + 100 * random.Next(1_000_000));
        foreach (var twice in (IDataset<int>[])[noisy.Concat(noisy).Subset([3, 43]), noisy.Subset([3, 3]), noisy.Subset([3, 3]).Subset([0, 1]), noisy.Subset([3, 5, 3]).Subset([0, 2])])
        {
            var (first, second) = (twice.Get(0, new Pass(1)), twice.Get(1, new Pass(1)));
            Assert.Equal([3, 3], new[] { first % 100, second % 100 });
            Assert.NotEqual(first, second);
            Assert.Equal(noisy.Get(3, new Pass(1)), first);
        }
    }

    [Fact]
    public void Random_documents_are_not_packed_and_other_classes_not_mixed()
    {
        var documents = Dataset.Of([.. Enumerable.Range(1, 9).Select(i => new int[i])]);
        foreach (var random in (IDataset<int[]>[])[documents.Augment((d, _) => d), documents.Weighted([1, 1, 1, 1, 1, 1, 1, 1, 1])])
            Assert.Contains("put Pack in front", Assert.Throws<UsageException>(() => random.Pack(12)).Message);
        IDataset<int>[] others = [Dataset.Of([1], i => 0, ["cat", "dog"]), Dataset.Of([2], i => 0, ["dog", "cat"])];
        Assert.Equal("data sets of other classes do not go together: cat, dog and dog, cat", Assert.Throws<UsageException>(() => others.Mix([1, 1])).Message);
        Assert.Equal(["cat", "dog"], new[] { others[0], others[0] }.Mix([1, 1]).ClassNames);
    }
}
