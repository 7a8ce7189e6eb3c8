using Interactive.Data;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data.Composition;

public class DatasetsTests
{
    private static readonly Pass Training = new(3, 7);

    private static IDataset<int> Numbers(int count, int classes = 2)
        => Dataset.Of([.. Enumerable.Range(0, count)], i => i % classes,
        [.. Enumerable.Range(0, classes).Select(c => $"c{c}")]);

    private static int[] All(IDataset<int> data, Pass? pass = null)
        => [.. Enumerable.Range(0, data.Count).Select(i => data.Get(i, pass ?? Pass.Evaluation))];

    [Fact]
    public void Sequences_lists_and_what_functions_make_of_them()
    {
        var squares = Dataset.Of(Enumerable.Range(0, 6).Select(i => i)).Map(i => i * i);
        Assert.Equal([0, 1, 4, 9, 16, 25], All(squares));
        Assert.Equal([0, 4, 16], All(squares.Where(i => i % 2 == 0)));
        Assert.Equal([0, 1], All(squares.Take(2)));
        Assert.Equal([16, 25], All(squares.Skip(4)));
        Assert.Equal([9, 9, 0], All(squares.Subset([3, 3, 0])));
        Assert.Equal([0, 1, 4, 9, 16, 25, 0, 1], All(squares.Concat(squares.Take(2))));
        Assert.Equal("no sample of 6 is left", Assert.Throws<UsageException>(() => squares.Where(i => i > 99)).Message);
        Assert.Equal("there is no sample 6: the data set has 6",
            Assert.Throws<UsageException>(() => squares.Subset([6])).Message);
    }

    [Fact]
    public void Parts_keep_each_class_s_share_and_no_sample_twice()
    {
        var data = Dataset.Of([.. Enumerable.Range(0, 110)], i => i < 100 ? 0 : 1, ["much", "little"]);
        var (train, test) = data.SplitByClass(0.8);
        Assert.Equal(Enumerable.Range(0, 110), All(train).Concat(All(test)).Order());
        Assert.Equal([80, 8], Classes.Count(Classes.Of(train)));
        Assert.Equal([20, 2], Classes.Count(Classes.Of(test)));
        Assert.Equal(All(train), All(data.SplitByClass(0.8).Train));
        Assert.NotEqual(All(train), All(data.SplitByClass(0.8, seed: 2).Train));
        Assert.Equal([110 / 2f / 100, 110 / 2f / 10], Classes.Weights(data));
        var lonely = Dataset.Of([0, 0, 1], i => i, ["a", "b"]);
        Assert.Equal("class 'b' has 1 sample: a part would have none",
            Assert.Throws<UsageException>(() => lonely.SplitByClass()).Message);
        Assert.StartsWith("sample 0 does not say its class",
            Assert.Throws<UsageException>(() => Dataset.Of([1, 2]).SplitByClass()).Message);
    }

    [Fact]
    public void Changes_depend_on_seed_epoch_sample_and_stage_alone()
    {
        var data = Numbers(50);
        var noisy = data.Augment((i, random) => i + 100 * random.Next(1000), "noise");
        Assert.Equal(All(noisy, Training), All(noisy, Training));
        Assert.Equal(All(data), All(noisy));
        Assert.NotEqual(All(noisy, Training), All(noisy, Training with { Epoch = 4 }));
        Assert.NotEqual(All(noisy, Training), All(noisy, Training with { Seed = 8 }));
        // another stage before it takes nothing from its numbers
        var two = data.Augment((i, random) => { random.Next(); return i; }, "other")
            .Augment((i, random) => i + 100 * random.Next(1000), "noise");
        Assert.Equal(All(noisy, Training), All(two, Training));
        Assert.Equal(All(noisy, Training)[10..20], All(noisy.Skip(10).Take(10), Training));
    }

    [Fact]
    public void The_random_numbers_never_change_between_versions()
        => Assert.Equal(0x299600927A46B515UL, new Pass(3, 7).Random(5, "crop").Next());

    [Fact]
    public void Weights_say_how_often_a_sample_comes()
    {
        var data = Numbers(4);
        var drawn = data.Weighted([1, 0, 2, 5], 80);
        var counts = All(drawn, Training).CountBy(i => i).ToDictionary();
        Assert.Equal([(0, 10), (2, 20), (3, 50)], counts.OrderBy(c => c.Key).Select(c => (c.Key, c.Value)));
        var balanced = Dataset.Of([.. Enumerable.Range(0, 100)], i => i < 90 ? 0 : 1).Balanced(200);
        Assert.Equal(100, All(balanced, Training).Count(i => i < 90));
        // a sample that comes again has other random changes
        var noisy = data.Augment((i, random) => random.Next(1 << 30)).Weighted([1, 0, 0, 0], 16);
        Assert.Equal(16, All(noisy, Training).Distinct().Count());
        Assert.Contains("weight of sample 1 is -1",
            Assert.Throws<UsageException>(() => data.Weighted([1, -1, 0, 0])).Message);
    }

    [Fact]
    public void Mixtures_have_their_shares_and_take_other_samples_each_epoch()
    {
        var (large, small) = (Numbers(100), Numbers(10).Map(i => 1000 + i));
        var mix = ((IReadOnlyList<IDataset<int>>)[large, small]).Mix([3, 1], 80);
        var first = All(mix, Training);
        Assert.Equal((60, 20), (first.Count(i => i < 1000), first.Count(i => i >= 1000)));
        Assert.Equal(60, first.Where(i => i < 1000).Distinct().Count()); // none twice while others wait
        Assert.All(first.Where(i => i >= 1000).CountBy(i => i), c => Assert.Equal(2, c.Value));
        Assert.NotEqual(first, All(mix, Training with { Epoch = 4 }));
        Assert.Equal(All(mix), All(mix));
    }

    [Fact]
    public void A_permutation_without_a_table_meets_every_number_once()
    {
        foreach (var count in (int[])[1, 2, 3, 7, 64, 1000])
        {
            var order = new IndexPermutation(count, 5, 6);
            var met = Enumerable.Range(0, count).Select(i => order[i]).ToArray();
            Assert.Equal(Enumerable.Range(0, count), met.Order());
            if (count > 60) Assert.NotEqual(Enumerable.Range(0, count), met);
        }
    }

    [Fact]
    public void What_is_cached_is_read_once_and_within_its_bound()
    {
        var reads = 0;
        var data = Dataset.Of([.. Enumerable.Range(0, 10)])
            .Map(i => { Interlocked.Increment(ref reads); return new byte[100]; });
        var cached = data.Cached();
        for (var i = 0; i < 30; i++) Assert.Same(cached[i % 10], cached[i % 10]);
        Assert.Equal(10, reads);
        var bounded = data.Cached(bound: 3 * 124);
        for (var i = 0; i < 20; i++) _ = bounded[i % 10];
        Assert.Equal(10 + 10 + 7, reads); // three are kept, seven read anew
        Assert.StartsWith("samples that are drawn or changed at random cannot be kept",
            Assert.Throws<UsageException>(() => data.Augment((b, _) => b).Cached()).Message);
        Assert.StartsWith("the size of a List`1 is not known",
            Assert.Throws<UsageException>(() => Dataset.Of([new List<int>()]).Cached()[0]).Message);
    }

    [Fact]
    public void Packed_rows_hold_every_token_once_and_predict_none_across_documents()
    {
        var random = new CounterRandom(1, 1);
        int[][] documents =
            [.. Enumerable.Range(0, 60)
            .Select(d => Enumerable.Range(1, 1 + random.Next(40)).Select(i => 1000 * d + i).ToArray())];
        var rows = Dataset.Of(documents).Pack(33);
        var all = Enumerable.Range(0, rows.Count).SelectMany(i => rows[i].Documents).SelectMany(d => d).ToArray();
        Assert.Equal(documents.SelectMany(d => d).Order(), all.Order());
        Assert.All(Enumerable.Range(0, rows.Count), i => Assert.InRange(rows[i].Used, 1, 33));
        Assert.True(rows.Count <= Math.Ceiling(all.Length / 33.0) * 1.25, $"{rows.Count} rows for {all.Length} tokens");
        using var batch = rows.Batches(padding: 0).Read([.. Enumerable.Range(0, rows.Count)]);
        Assert.Equal([rows.Count, 32], batch.Input.shape);
        var (tokens, next) = (batch.Input.data<long>().ToArray(), batch.Target.data<long>().ToArray());
        for (var i = 0; i < tokens.Length; i++)
            Assert.True(next[i] == -100 || next[i] == tokens[i] + 1 && next[i] / 1000 == tokens[i] / 1000,
                $"{tokens[i]} -> {next[i]}");
        Assert.True(next.Count(n => n != -100) > 0.8 * all.Length);
    }

    [Fact]
    public void Buckets_pad_little_and_leave_no_sample_out()
    {
        var random = new CounterRandom(2, 1);
        int[] lengths = [.. Enumerable.Range(0, 640).Select(_ => 1 + random.Next(100))];
        var source = Dataset.Of([.. lengths.Select(n => (Tokens: new int[n], Target: 1L))]).Batches(Collate.Padded());
        var buckets = source.ByLength(lengths, pool: 10);
        var order = buckets.Order(1, 32, 5)!;
        Assert.Equal(Enumerable.Range(0, 640), order.Order());
        Assert.Equal(order, buckets.Order(1, 32, 5));
        Assert.NotEqual(order, buckets.Order(2, 32, 5));
        long Padded(int[] o) => o.Chunk(32).Sum(batch => 32L * batch.Max(i => lengths[i]));
        Assert.True(Padded(order) < 1.15 * lengths.Sum(), $"{Padded(order)} of {lengths.Sum()}");
        Assert.True(Padded([.. Enumerable.Range(0, 640)]) > 1.7 * lengths.Sum());
        using var batch = buckets.Read(order[..32]);
        Assert.Equal(lengths[order[0]], batch.Inputs[1][0].item<long>());
        Assert.Null(source.Order(1, 32, 5));
    }

    [Fact]
    public void A_sample_that_cannot_be_read_is_named_by_its_own_number()
    {
        var data = Numbers(10).Map(i => i == 7 ? throw new InvalidDataException("broken") : i);
        Assert.Equal("sample 7 cannot be read: broken",
            Assert.Throws<UsageException>(() => All(data.Skip(5), Training)).Message);
        Assert.Equal("sample 7 cannot be read: broken",
            Assert.Throws<UsageException>(() => data.Where(i => i > 0)).Message);
    }
}
