using Interactive.Engine.Tests.Memory;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Execution;

public class ObjectiveTests
{
    private static Graph Net(params long[] output)
    {
        var net = new GraphBuilder("net", new Shape([.. output[..^1], 6]));
        return net.Build(net.Input.Linear(16).Relu().Linear(output[^1]));
    }

    public static TheoryData<string> Names
        => ["plain", "smooth", "ignored", "weighted", "mse", "mae", "huber", "bce", "kl", "kl4", "function"];

    private static IObjective Make(string name) => name switch
    {
        "plain" => new CrossEntropy(),
        "smooth" => new CrossEntropy(labelSmoothing: 0.1),
        "ignored" => new CrossEntropy(ignoreIndex: 2),
        "weighted" => new CrossEntropy(classWeights: [1, 2, 0.5f, 1, 3]),
        "mse" => new MeanSquaredError(),
        "mae" => new MeanAbsoluteError(),
        "huber" => new HuberLoss(0.3),
        "bce" => new BinaryCrossEntropyWithLogits(),
        "kl" => new KullbackLeibler(),
        "kl4" => new KullbackLeibler(4),
        _ => Objective.From((output, target) => nn.functional.cross_entropy(output, target)),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_trains_with_plain_bits_and_the_predicted_peak(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (graph, objective) = (Net(5), Make(name));
        var (inputs, targets) = SyntheticBatch.Of(graph, 12, objective);
        Assert.Null(objective.Misfit(graph.Outputs, targets));
        RandomPlans.AssertBitsAndPeaks(graph, objective, [.. inputs], [.. targets], plans: 3);
    }

    [Fact]
    public void Losses_are_those_of_the_field()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (scores, labels, numbers) = (randn(8, 5), randint(0, 5, 8, dtype: ScalarType.Int64), rand(8, 5));
        var (teacher, weights) = (nn.functional.softmax(randn(8, 5), 1), tensor(new float[] { 1, 2, 0.5f, 1, 3 }));
        void Same(Tensor expected, string name, Tensor target)
            => Assert.Equal(expected.item<float>(), Make(name).Loss([scores], [target]).item<float>(), 1e-6f);
        Same(nn.functional.cross_entropy(scores, labels), "plain", labels);
        Same(nn.functional.cross_entropy(scores, labels, label_smoothing: 0.1), "smooth", labels);
        Same(nn.functional.cross_entropy(scores, labels, ignore_index: 2), "ignored", labels);
        Same(nn.functional.cross_entropy(scores, labels, weights), "weighted", labels);
        Same((scores - numbers).pow(2).mean(), "mse", numbers);
        Same((scores - numbers).abs().mean(), "mae", numbers);
        var far = (scores - numbers).abs();
        Same(where(far < 0.3, far * far / 2, 0.3 * (far - 0.15)).mean(), "huber", numbers);
        Same(nn.functional.binary_cross_entropy(scores.sigmoid(), numbers), "bce", numbers);
        Same((teacher * (teacher.log() - nn.functional.log_softmax(scores, 1))).sum() / 8, "kl", teacher);
        Same(16 * (teacher * (teacher.log() - nn.functional.log_softmax(scores / 4, 1))).sum() / 8, "kl4", teacher);
    }

    [Fact]
    public void Shares_of_classes_train_with_plain_bits_and_the_predicted_peak()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        foreach (var output in (long[][])[[5], [3, 5]])
            foreach (var name in (string[])["plain", "smooth", "weighted"])
            {
                // told of shares, a plan counts what smoothing and weighting them takes
                var graph = Net(output);
                var objective = ((CrossEntropy)Make(name)).OfShares(graph.Outputs[0]);
                var (inputs, _) = SyntheticBatch.Of(graph, 12, objective);
                var shares = nn.functional.softmax(randn([12, .. output]), -1);
                Assert.Null(objective.Misfit(graph.Outputs, [shares]));
                Assert.Equal(shares.numel() / 5, objective.Weight([shares]));
                RandomPlans.AssertBitsAndPeaks(graph, objective, [.. inputs], [shares], plans: 3);
                if (name == "plain") continue;
                long Aside(IObjective of) => Profiler.Measure(graph, 12, of).LossWorkspace;
                Assert.True(Aside(objective) > Aside(Make(name)), "shares would take no more than class numbers");
                Assert.InRange(Aside(objective), 1, AnalyticProfile.Cautious(graph, 12, ((IObjective)objective).Traits(graph)).LossWorkspace);
            }
    }

    [Fact]
    public void Shares_of_classes_give_the_field_s_loss_and_must_add_up()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (scores, graph) = (randn(8, 5), Net(5));
        var shares = nn.functional.softmax(randn(8, 5), 1);
        var expected = -(nn.functional.log_softmax(scores, 1) * shares).sum(1).mean().item<float>();
        Assert.Equal(expected, Make("plain").Loss([scores], [shares]).item<float>(), 1e-6f);
        var smoothed = -(nn.functional.log_softmax(scores, 1) * (0.9 * shares + 0.02)).sum(1).mean().item<float>();
        Assert.Equal(smoothed, Make("smooth").Loss([scores], [shares]).item<float>(), 1e-6f);
        Assert.Equal((8, 8), (Make("plain").Weight([shares]), Make("weighted").Weight([shares])));
        var (pixels, pixelShares) = (randn(2, 5, 3, 4), nn.functional.softmax(randn(2, 5, 3, 4), 1));
        var ofPixels = -(nn.functional.log_softmax(pixels, 1) * pixelShares).sum(1).mean().item<float>();
        Assert.Equal(ofPixels, Make("plain").Loss([pixels], [pixelShares]).item<float>(), 1e-6f);
        string? Misfit(Tensor target) => Make("plain").Misfit(graph.Outputs, [target]);
        Assert.Equal("shares of classes must be 0 or more and add up to 1", Misfit(shares * 1.1));
        Assert.Equal("shares of classes must be 0 or more and add up to 1", Misfit(full(8, 5, double.NaN)));
        Assert.Equal("shares of classes must be 0 or more and add up to 1",
            Misfit(tensor(new float[,] { { 2, -1, 0, 0, 0 } })));
        Assert.Equal("cross-entropy takes class numbers (Int64), the targets are Float32 (8, 4); shares of the classes would be (8, 5)",
            Misfit(shares[.., ..4]));
    }

    [Fact]
    public void The_weight_is_what_the_mean_is_over()
    {
        using var scope = NewDisposeScope();
        var labels = tensor(new long[] { 0, 2, 4, -100, 2 });
        Assert.Equal(4, Make("plain").Weight([labels]));
        Assert.Equal(5.0 - 2, Make("ignored").Weight([labels]));
        Assert.Equal(1 + 0.5 + 3 + 0.5, Make("weighted").Weight([labels]));
        Assert.Equal(15, Make("mse").Weight([zeros(3, 5)]));
        Assert.Equal(3, Make("kl").Weight([zeros(3, 5)]));
        Assert.Equal(3, Make("function").Weight([zeros(3, 5)]));
    }

    [Fact]
    public void Targets_that_do_not_fit_are_named_with_their_sample()
    {
        using var scope = NewDisposeScope();
        var graph = Net(5);
        string Misfit(string name, params Tensor[] targets) => Make(name).Misfit(graph.Outputs, targets)!;
        Assert.Equal("label 8 of sample 3, but the net tells 5 classes apart",
            Misfit("plain", tensor(new long[] { 0, 1, -100, 8 })));
        Assert.Contains("class numbers (Int64), the targets are Float32", Misfit("plain", zeros(4)));
        Assert.Equal("the net gives 5 for a sample, so cross-entropy takes labels (4), got (4, 2)",
            Misfit("plain", zeros([4, 2], ScalarType.Int64)));
        Assert.Equal("the net gives 5 for a sample, so mean squared error takes targets (4, 5), got (4)",
            Misfit("mse", zeros(4)));
        Assert.Contains("sample 1 has 2", Misfit("bce", tensor(new float[,] { { 0, 1, 0, 0, 1 }, { 0, 2, 0, 0, 1 } })));
        Assert.Contains("3 class weights, but the net tells 5",
            new CrossEntropy(classWeights: [1, 2, 3]).Misfit(graph.Outputs, [zeros(4, ScalarType.Int64)]));
        Assert.Throws<UsageException>(() => new CrossEntropy(labelSmoothing: 2));
        // Also in a later step than the first.
        using var executor = new Executor(graph);
        executor.Step(randn(2, 6), zeros(2, ScalarType.Int64));
        Assert.Equal("label 7 of sample 1, but the net tells 5 classes apart",
            Assert.Throws<UsageException>(() => executor.Step(randn(2, 6), tensor(new long[] { 0, 7 }))).Message);
    }

    [Fact]
    public void A_loss_that_is_no_number_is_named()
    {
        using var scope = NewDisposeScope();
        using var executor = new Executor(Net(5), objective: Objective.From("rows", (o, t) => o[0].sum(1)));
        Assert.Equal("the objective rows must give one number, got (2)",
            Assert.Throws<UsageException>(() => executor.Step(randn(2, 6), zeros(2))).Message);
    }
}
