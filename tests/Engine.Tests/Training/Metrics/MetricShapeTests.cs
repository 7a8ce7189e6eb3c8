using Interactive.Data;
using Interactive.Execution;
using Interactive.Monitoring;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>Outputs and targets that libtorch would repeat to one shape: a metric would compare each with all.</summary>
public sealed class MetricShapeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static double Of(IMetric metric, Tensor output, Tensor target) => metric.Value(metric.Sums([output], [target]));

    private EvalRecord Train(nn.Module<Tensor, Tensor> net, Tensor x, Tensor y, IObjective objective, IReadOnlyList<IMetric>? metrics = null)
    {
        var options = new TrainerOptions { Name = "shape", Out = folder, Epochs = 1, BatchSize = 8, EvaluationBatchSize = 10, Progress = false, Device = "cpu" };
        using var trainer = new Trainer(net, new TensorDataset(x, y), new TensorDataset(x, y), options, objective, metrics);
        return trainer.Run();
    }

    [Theory]
    [InlineData("rmse")]
    [InlineData("mae")]
    [InlineData("r2")]
    public void A_column_is_compared_with_a_row_number_by_number(string name)
    {
        var metric = new[] { Metrics.RootMeanSquaredError, Metrics.MeanAbsoluteError, Metrics.R2 }.Single(m => m.Name == name);
        manual_seed(1);
        var (output, target) = (randn(7, 1), randn(7));
        Assert.Equal(Of(metric, output, target.unsqueeze(1)), Of(metric, output, target), 1e-12);
        Assert.Contains($"the metric {name} compares number by number: the net gives (7, 1), the targets are (7, 2)",
            Assert.Throws<UsageException>(() => Of(metric, output, randn(7, 2))).Message);
    }

    [Fact]
    public void Errors_are_reckoned_in_double_precision()
    {
        manual_seed(1);
        var (output, target) = (randn(99, 1).to_type(ScalarType.BFloat16), randn(99, 1).to_type(ScalarType.BFloat16));
        var error = output.to_type(ScalarType.Float64) - target.to_type(ScalarType.Float64);
        Assert.Equal(error.abs().mean().item<double>(), Of(Metrics.MeanAbsoluteError, output, target), 1e-12);
        Assert.Equal(error.square().mean().sqrt().item<double>(), Of(Metrics.RootMeanSquaredError, output, target), 1e-12);
    }

    [Fact]
    public void Labels_are_class_numbers_of_the_scores_shape_or_shares()
    {
        manual_seed(1);
        var (scores, labels) = (randn(4, 4), tensor(new long[] { 0, 1, 2, 3 }));
        var right = scores.argmax(1).eq(labels).to_type(ScalarType.Float64).mean().item<double>();
        Assert.Equal(right, Of(Metrics.Accuracy, scores, labels));
        Assert.Equal(right, Of(Metrics.Accuracy, scores, labels.unsqueeze(1)));
        Assert.Equal(right, Of(Metrics.Accuracy, scores, eye(4)));
        Assert.Equal(Of(Metrics.Perplexity, scores, labels), Of(Metrics.Perplexity, scores, labels.unsqueeze(1)));
        Assert.Equal(Of(Metrics.Perplexity, scores, labels), Of(Metrics.Perplexity, scores, eye(4)), 1e-5);
        foreach (var metric in new[] { Metrics.Accuracy, Metrics.TopK(2), Metrics.F1, Metrics.MeanIoU })
        {
            Assert.Contains("takes a score for each of two classes or more, the net gives (4, 1)", Assert.Throws<UsageException>(() => Of(metric, randn(4, 1), labels.to_type(ScalarType.Float32))).Message);
            Assert.Contains("a label is 1, but the net tells 1 classes apart", Assert.Throws<UsageException>(() => Of(metric, randn(4, 1), labels)).Message);
            Assert.Contains("takes one class a sample", Assert.Throws<UsageException>(() => Of(metric, scores, ones(4, 4))).Message);
            Assert.Contains("takes labels (4) to scores (4, 4), the targets are (4, 2)", Assert.Throws<UsageException>(() => Of(metric, scores, ones(4, 2, ScalarType.Int64))).Message);
            Assert.Contains("a label is 255, but the net tells 4 classes apart", Assert.Throws<UsageException>(() => Of(metric, scores, tensor(new long[] { 0, 255, 2, -100 }))).Message);
        }
    }

    /// <summary>What the objective does not count is no wrong answer.</summary>
    [Theory]
    [InlineData(255)]
    [InlineData(0)]
    public void Labels_that_the_objective_ignores_do_not_count(long ignored)
    {
        manual_seed(1);
        var (x, y) = (randn(24, 4), randint(1, 3, 24, dtype: ScalarType.Int64));
        y[TensorIndex.Slice(0, 12)] = ignored;
        var net = nn.Linear(4, 3);
        var found = Train(net, x, y, new CrossEntropy(ignoreIndex: ignored), [Metrics.Accuracy, Metrics.F1, Metrics.Perplexity]);
        foreach (var metric in new[] { Metrics.Accuracy, Metrics.F1, Metrics.Perplexity })
            Assert.Equal(Of(metric, net.call(x)[12..].detach(), y[12..]), found[metric.Name], 1e-5);
    }

    /// <summary>A mean of a batch weighs as many samples as the batch has, of which the last has fewer.</summary>
    [Fact]
    public void A_metric_of_one_number_a_batch_is_the_mean_over_samples()
    {
        manual_seed(1);
        var (x, y) = (randn(24, 4), randint(0, 3, 24, dtype: ScalarType.Int64));
        var net = nn.Linear(4, 3);
        var found = Train(net, x, y, new CrossEntropy(), [Metrics.From("top", (output, _) => output.amax([1L]).mean(), true)]);
        Assert.Equal(net.call(x).amax([1L]).mean().item<float>(), found["top"], 1e-6);
    }
}
