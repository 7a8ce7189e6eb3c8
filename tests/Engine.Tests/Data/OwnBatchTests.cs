using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Data;

/// <summary>What a source or a collate of one's own may get wrong is one line.</summary>
public sealed class OwnBatchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private sealed class Source(Func<int, Batch> read) : IBatchSource
    {
        public int Count => 16;
        public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0) => read(samples.Length);
    }

    private string Told(IBatchSource data)
    {
        using var graph = Graph.Capture(nn.Sequential(("a", nn.Linear(4, 3))), new Shape(4));
        var options = new TrainerOptions { Name = "own", Out = folder, Epochs = 1, BatchSize = 8, Progress = false, Device = "cpu" };
        return Assert.Throws<UsageException>(() =>
        {
            using var trainer = new Trainer(graph, data, data, options);
            trainer.Run();
        }).Message;
    }

    private static Tensor Labels(int count) => zeros(count, dtype: ScalarType.Int64);

    [Fact]
    public void A_batch_of_another_number_of_samples()
        => Assert.Equal("a batch of 8 samples was asked for, but its input is (3, 4): the first dimension counts the samples",
            Told(new Source(count => new Batch(ones(Math.Min(3, count), 4), Labels(count)))));

    [Fact]
    public void Targets_of_another_number_of_samples()
        => Assert.Equal("a batch of 1 sample was asked for, but its target is (): the first dimension counts the samples",
            Told(new Source(count => new Batch(ones(count, 4), tensor(1L)))));

    [Fact]
    public void No_batch()
    {
        Assert.Contains("sample 0 cannot be read: the source gave no batch (null)", Told(new Source(_ => null!)));
        Assert.Contains("sample 0 cannot be read: the collate gave no batch (null)",
            Told(Dataset.Of(Enumerable.Range(0, 16).ToArray()).Batches(_ => null!)));
    }

    [Fact]
    public void No_tensor()
        => Assert.Contains("the tensor 'target' of a batch is null", Told(new Source(count => new Batch(ones(count, 4), null!))));

    [Fact]
    public void One_batch_given_again_and_again()
    {
        using var same = new Batch(ones(8, 4), Labels(8));
        Assert.Contains("the batch's input was disposed before",
            Told(new Source(count => count == 8 ? same : new Batch(ones(count, 4), Labels(count)))));
    }

    [Fact]
    public void A_sample_without_numbers()
    {
        var samples = Enumerable.Range(0, 16).Select(i => (i == 5 ? null! : new float[4], 0L)).ToArray();
        Assert.Contains("sample 5 cannot be read: it has no numbers (null)", Told(Dataset.Of(samples).Batches()));
    }
}
