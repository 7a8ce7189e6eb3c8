using CsCheck;
using Interactive.Data;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data;

public class DataTests
{
    [SkippableFact]
    public void Fashion_mnist_is_read_whole()
    {
        Skip.IfNot(Directory.Exists(FashionMnist.DefaultFolder), "apt-get install dataset-fashion-mnist");
        var (train, test) = FashionMnist.Load();
        Assert.Equal((60_000, 10_000), (train.Count, test.Count));
        var pixels = new float[784];
        Assert.Equal(9, train.Read(0, pixels)); // an ankle boot
        var counts = new int[10];
        double sum = 0;
        for (var i = 0; i < test.Count; i++)
        {
            counts[test.Read(i, pixels)]++;
            sum += pixels.Average();
        }
        Assert.All(counts, c => Assert.Equal(1000, c));
        Assert.InRange(sum / test.Count, -0.05, 0.05); // normalised
    }

    [Fact]
    public void A_missing_data_set_says_what_to_install()
    {
        var error = Assert.Throws<UsageException>(() => FashionMnist.Load("/nowhere"));
        Assert.Equal("Fashion-MNIST is not in /nowhere: apt-get install dataset-fashion-mnist", error.Message);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 8, 1, 0, 0, 0, 5, 1, 2 }, "cut short")]
    [InlineData(new byte[] { 0, 0, 13, 1, 0, 0, 0, 0 }, "not an IDX file")]
    public void A_bad_idx_file_is_refused(byte[] content, string expected)
    {
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, content);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Idx.Read(path)).Message);
        File.Delete(path);
    }

    [Fact]
    public void The_order_of_an_epoch_never_changes_between_versions()
    {
        Assert.Equal(Golden, new Sampler(10, 2, Seed: 1).Order(0));
        Assert.NotEqual(Golden, new Sampler(10, 2, Seed: 1).Order(1));
    }

    private static readonly int[] Golden = [6, 4, 7, 2, 9, 1, 5, 0, 8, 3];

    [Fact]
    public void A_global_batch_is_the_same_set_for_any_number_of_ranks()
        => Gen.Select(Gen.Int[12, 500], Gen.Int[0, 5], Gen.ULong).Sample((samples, epoch, seed) =>
        {
            var sampler = new Sampler(samples, 12, seed);
            var order = sampler.Order(epoch);
            Assert.Equal(Enumerable.Range(0, samples), order.Order());
            for (var step = 0; step < sampler.StepsPerEpoch; step++)
            {
                var whole = Sampler.Part(order, 12, step, 0, 1).ToArray();
                foreach (var ranks in new[] { 2, 3, 4, 6, 12 })
                    Assert.Equal(whole, Enumerable.Range(0, ranks).SelectMany(r => Sampler.Part(order, 12, step, r, ranks)));
            }
        }, iter: 50);

    [Fact]
    public void Ranks_that_do_not_divide_the_batch_are_refused()
        => Assert.Contains("does not divide among 3 ranks", Assert.Throws<UsageException>(() => Sampler.Part([0, 1, 2, 3], 4, 0, 0, 3)).Message);

    [Fact]
    public void Augmentation_depends_on_the_sample_and_the_epoch_only()
    {
        var shape = new Shape(1, 6, 6);
        float[] Image(int epoch, int sample)
        {
            var image = Enumerable.Range(1, 36).Select(i => (float)i).ToArray();
            new Augmentation(2).Apply(image, shape, 7, epoch, sample);
            return image;
        }
        Assert.Equal(Image(3, 5), Image(3, 5));
        var variants = Enumerable.Range(0, 50).Select(s => string.Join(',', Image(0, s))).Distinct().Count();
        Assert.InRange(variants, 20, 50); // of 5 x 5 crops, mirrored or not
        var kept = Image(0, 1).Where(v => v != 0).ToArray();
        Assert.Equal(kept.Length, kept.Distinct().Count()); // pixels move, none is made up
    }

    [Fact]
    public void Parts_of_a_source_are_disjoint_and_name_the_sample_of_the_whole()
    {
        using var numbers = arange(20).to_type(ScalarType.Float32).reshape(20, 1);
        using var source = new TensorDataset(numbers, numbers);
        var (train, test) = source.Split(0.75);
        Assert.Equal((15, 5), (train.Count, test.Count));
        float[] Values(IBatchSource part)
        {
            using var batch = part.Read([.. Enumerable.Range(0, part.Count)]);
            return batch.Input.data<float>().ToArray();
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(i => (float)i), Values(train).Concat(Values(test)).Order());
        Assert.Equal($"sample {Values(test)[0]:F0} of the whole", test.Origin(0));
        Assert.Throws<UsageException>(() => source.Split(1));
        Assert.Throws<UsageException>(() => source.Subset([20]));
    }

    [Fact]
    public void A_collate_that_cannot_join_samples_names_them()
    {
        var ragged = new Ragged().Batches();
        Assert.StartsWith("samples 1, 2 do not lie in one batch", Assert.Throws<UsageException>(() => ragged.Read([1, 2])).Message);
        var one = Dataset.Of([.. Enumerable.Range(0, 40)]).Map(i => (new float[i == 31 ? 5 : 4], (long)i)).Batches(new Shape(4));
        Assert.Equal("sample 31 cannot be read: it has 5 numbers, 4 takes 4", Assert.Throws<UsageException>(() => one.Read([7, 8, 9, 30, 31, 32])).Message);
        using var alone = ragged.Read([2]);
        Assert.Equal([1, 2], alone.Input.shape);
    }

    private sealed class Ragged : IDataset<(float[] Input, float[] Target)>
    {
        public int Count => 4;
        public (float[] Input, float[] Target) this[int index] => (new float[index], [1]);
    }

    [Fact]
    public void Parts_of_images_know_their_classes_and_their_scale()
    {
        IBatchSource images = new ImageDataset(new byte[8 * 4], new byte[8], new Shape(1, 2, 2), 2, 0.5f, 0.25f) { ClassNames = ["cat", "dog"] };
        var (train, _) = images.Split(0.5);
        Assert.Equal(["cat", "dog"], train.ClassNames);
        Assert.Same(images.Normalisation, train.Normalisation);
        Assert.Empty(((IBatchSource)new SyntheticData(4, new Shape(2), 2)).ClassNames);
    }
}
