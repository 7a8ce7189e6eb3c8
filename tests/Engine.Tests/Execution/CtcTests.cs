using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

public class CtcTests
{
    private static Graph Net(long steps, long labels)
    {
        var net = new GraphBuilder("net", new Shape(steps, 6));
        return net.Build(net.Input.Linear(16).Relu().Linear(labels));
    }

    private static Tensor Texts(params long[][] texts)
    {
        var longest = texts.Max(t => t.Length);
        return tensor(texts.SelectMany(t => t.Concat(Enumerable.Repeat(-1L, longest - t.Length))).ToArray(), texts.Length, longest);
    }

    // Over all ways of saying a label at each step, those that come to the text: the definition.
    private static double Defined(double[][] logs, long[] text, long blank)
    {
        var (steps, labels) = (logs.Length, logs[0].Length);
        var sum = 0.0;
        for (var way = 0; way < (int)Math.Pow(labels, steps); way++)
        {
            var said = Enumerable.Range(0, steps).Select(t => way / (int)Math.Pow(labels, t) % labels).ToArray();
            var read = said.Where((label, t) => label != blank && (t == 0 || label != said[t - 1])).Select(l => (long)l);
            if (read.SequenceEqual(text)) sum += Math.Exp(said.Select((label, t) => logs[t][label]).Sum());
        }
        return -Math.Log(sum);
    }

    [Theory]
    [InlineData(0, new long[] { 1, 2 })]
    [InlineData(0, new long[] { 2, 2 })]
    [InlineData(2, new long[] { 0, 1, 0 })]
    [InlineData(1, new long[] { })]
    public void The_loss_is_the_sum_over_all_alignments(long blank, long[] text)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var scores = randn(1, 5, 3);
        var logs = nn.functional.log_softmax(scores[0].to_type(ScalarType.Float64), 1);
        double[][] rows = [.. Enumerable.Range(0, 5).Select(t => logs[t].data<double>().ToArray())];
        var target = text.Length > 0 ? Texts(text) : full([1, 2], -1, ScalarType.Int64);
        var loss = new Ctc(blank).Loss([scores], [target]).item<float>();
        Assert.Equal(Defined(rows, text, blank) / Math.Max(1, text.Length), loss, 1e-5);
    }

    [Fact]
    public void It_trains_with_plain_bits_and_the_predicted_peak()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (graph, objective) = (Net(steps: 8, labels: 5), new Ctc());
        var (inputs, targets) = SyntheticBatch.Of(graph, 12, objective);
        Assert.Null(objective.Misfit(graph.Outputs, targets));
        RandomPlans.AssertBitsAndPeaks(graph, objective, [.. inputs], [.. targets], plans: 3);
    }

    [Fact]
    public void Parts_of_a_batch_put_together_are_its_loss()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        IObjective objective = new Ctc();
        var (scores, texts) = (randn(5, 8, 4), Texts([1, 2, 3], [3], [2, 2], [1, 3, 1, 3], [2]));
        double Part(long from, long count) => objective.Weight([texts.narrow(0, from, count)])
            * objective.Loss([scores.narrow(0, from, count)], [texts.narrow(0, from, count)]).item<float>();
        Assert.Equal((Part(0, 2) + Part(2, 3)) / 5, objective.Loss([scores], [texts]).item<float>(), 1e-5);
    }

    [Fact]
    public void Texts_that_do_not_fit_are_named_with_their_sample()
    {
        using var scope = NewDisposeScope();
        var graph = Net(steps: 4, labels: 5);
        string? Misfit(Tensor texts, long blank = 0) => new Ctc(blank).Misfit(graph.Outputs, [texts]);
        Assert.Null(Misfit(Texts([1, 2, 3, 4], [])));
        Assert.Equal("label 5 of sample 1, but the net tells 5 labels apart, of which 0 is the blank", Misfit(Texts([1], [5])));
        Assert.Equal("label 0 of sample 0, but the net tells 5 labels apart, of which 0 is the blank", Misfit(Texts([1, 0])));
        Assert.Equal("the text of sample 1 takes 5 steps (3 labels, a blank between two alike), the net gives 4", Misfit(Texts([1], [2, 2, 2])));
        Assert.Equal("sample 0 has label 2 behind the -1 that ends its text", Misfit(Texts([1, -1, 2])));
        Assert.Equal("CTC's blank is 7, but the net tells 5 labels apart", Misfit(Texts([1]), blank: 7));
        Assert.Equal("CTC takes one target, texts as Int64 labels (batch, longest); got Int64 (3)", Misfit(zeros(3, ScalarType.Int64)));
        Assert.Throws<UsageException>(() => new Ctc(-1));
    }

    [Fact]
    public void The_likeliest_labels_are_read_and_their_errors_counted()
    {
        using var scope = NewDisposeScope();
        long[][] said = [[1, 1, 0, 1, 2, 0], [0, 0, 0, 0, 0, 0], [3, 0, 3, 3, 2, 1]];
        var scores = nn.functional.one_hot(tensor(said.SelectMany(s => s).ToArray(), 3, 6), 4).to_type(ScalarType.Float32);
        var read = CtcDecoding.Greedy(scores);
        Assert.Equal([[1, 1, 2], [], [3, 3, 2, 1]], read);
        // one right, two left out, one taken for another and one put in
        var metric = Metrics.CharacterErrorRate();
        var sums = metric.Sums([scores], [Texts([1, 1, 2], [2, 3], [1, 3, 2])]);
        Assert.Equal([0 + 2 + 2, 3 + 2 + 3], sums);
        Assert.Equal(0.5, metric.Value(sums));
        Assert.Equal([[0, 2, 0], [0], [3, 0, 3, 2]], CtcDecoding.Greedy(scores, blank: 1));
    }
}
