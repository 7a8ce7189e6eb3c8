using Interactive.Data;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data.Loading;

public class LoaderTests
{
    private static int[][] Batches(int count, int size) => [.. Enumerable.Range(0, count * size).Chunk(size)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Any_number_of_threads_and_ranks_reads_the_same_bytes(int workers)
    {
        var images = new SyntheticData(50, new Shape(3, 9, 7), 4).Augmented(new Augmentation(1));
        var expected = Streams.Hash(images);
        foreach (var ranks in (int[])[1, 2, 4]) Assert.Equal(expected, Streams.Hash(images, workers, ranks));
        Assert.Equal(expected, Streams.Hash(images, workers, ahead: 1));
        Assert.NotEqual(expected, Streams.Hash(images, workers, seed: 12));
        var objects =
            Dataset.Of([.. Enumerable.Range(0, 50)]).Augment((i, random) => i + random.Next(1000))
            .Map(i => (new[] { (float)i }, (long)i)).Batches(new Shape(1));
        Assert.Equal(Streams.Hash(objects), Streams.Hash(objects, workers, 2));
        using var tensors = new TensorDataset(arange(50).reshape(50, 1), arange(50)); // read whole
        Assert.Equal(Streams.Hash(tensors), Streams.Hash(tensors, workers, 2));
    }

    [Fact]
    public void Reading_on_from_any_step_gives_the_same_batches()
    {
        var images = new SyntheticData(40, new Shape(2, 3, 3), 4).Augmented(new Augmentation(1));
        var whole = Streams.Steps(images, 0);
        Assert.Equal(5, whole.Distinct().Count());
        for (var step = 0; step < 5; step++) Assert.Equal(whole[step..], Streams.Steps(images, step));
    }

    [Fact]
    public void Threads_share_the_work_of_one_batch_and_no_more_batches_are_read_than_asked()
    {
        using var gate = new CountdownEvent(4);
        var threads = new HashSet<int>();
        var read = 0;
        var data = Dataset.Of([.. Enumerable.Range(0, 400)]).Map(i =>
        {
            lock (threads) threads.Add(Environment.CurrentManagedThreadId);
            Interlocked.Increment(ref read);
            if (i < 4) // the first batch's four samples are read only when four threads read at once
            {
                gate.Signal();
                Assert.True(gate.Wait(TimeSpan.FromSeconds(60)), "one thread read them all");
            }
            return (new[] { (float)i }, (long)i);
        });
        using var batches = new Loader(data.Batches(new Shape(1)), new LoaderOptions(4, Ahead: 2)).Read(Batches(100, 4))
            .GetEnumerator();
        Assert.True(batches.MoveNext());
        using (batches.Current) Assert.Equal([0, 1, 2, 3], batches.Current.Target.data<long>().ToArray());
        for (var i = 0; i < 200 && Volatile.Read(ref read) < 12; i++) Thread.Sleep(10);
        Thread.Sleep(50);
        Assert.Equal(12, read); // the one taken and two ahead
        Assert.Equal(4, threads.Count);
    }

    [Fact]
    public void An_error_comes_after_the_batches_before_it_and_names_the_first_sample()
    {
        var data = Dataset.Of([.. Enumerable.Range(0, 100)]).Map(i
            => i is 37 or 38 or 45 ? throw new InvalidDataException($"{i} is broken") : (new[] { (float)i }, (long)i));
        for (var round = 0; round < 20; round++)
        {
            var seen = 0;
            var error = Assert.Throws<UsageException>(() =>
            {
                foreach (var batch in new Loader(data.Batches(new Shape(1)),
                    new LoaderOptions(8)).Read(Batches(10, 10)))
                    using (batch) seen += batch.Count;
            });
            Assert.Equal((30, "sample 37 cannot be read: 37 is broken"), (seen, error.Message));
        }
    }

    [Fact]
    public void What_is_not_taken_is_disposed_and_the_threads_end()
    {
        var made = new List<Batch>();
        Batch Note(Batch batch, int[] samples)
        {
            lock (made) made.Add(batch);
            return batch;
        }
        using var tensors = new TensorDataset(zeros(100, 1), zeros(100));
        var taken = new Loader(tensors, new LoaderOptions(3)).Read(Batches(25, 4), arrange: Note).Take(2).ToArray();
        Assert.InRange(made.Count, 2, 6);
        foreach (var batch in made) Assert.Equal(taken.Contains(batch), !batch.Input.IsInvalid);
        foreach (var batch in taken) batch.Dispose();
    }

    [Fact]
    public void Samples_numbers_that_throw_surface_too()
    {
        static IEnumerable<int[]> Broken()
        {
            yield return [0];
            throw new InvalidOperationException("no order");
        }
        using var tensors = new TensorDataset(zeros(4, 1), zeros(4));
        var seen = 0;
        Assert.Equal("no order", Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (var batch in new Loader(tensors, new LoaderOptions(2)).Read(Broken()))
                using (batch) seen++;
        }).Message);
        Assert.Equal(1, seen);
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        using var tensors = new TensorDataset(zeros(4, 1), zeros(4));
        Assert.StartsWith("workers must be 1 to 1024",
            Assert.Throws<UsageException>(() => new Loader(tensors, new LoaderOptions(-1))).Message);
        Assert.StartsWith("batches ahead must be at least 1",
            Assert.Throws<UsageException>(() => new Loader(tensors, new LoaderOptions(1, 0))).Message);
    }
}
