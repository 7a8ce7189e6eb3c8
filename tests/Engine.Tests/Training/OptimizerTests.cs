using System.Text.Json;
using Interactive.Training;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Optimisers against PyTorch's numbers, or those of the published algorithm; see Golden/optimizers.py.
/// </summary>
public class OptimizerTests
{
    private static readonly long[][] Shapes = [[3, 2], [3], [2, 2, 1, 2]];

    private static readonly Dictionary<string, Func<Optimizer>> Makers = new()
    {
        ["sgd plain"] = () => new Sgd(0),
        ["sgd momentum"] = () => new Sgd(0.9, 0.01),
        ["sgd dampening"] = () => new Sgd(0.9, dampening: 0.3),
        ["sgd nesterov"] = () => new Sgd(0.9, 0.01, nesterov: true),
        ["adam"] = () => new Adam(),
        ["adam decay"] = () => new Adam(0.8, 0.95, 1e-3, 0.1),
        ["adam amsgrad"] = () => new Adam(0.8, 0.9, amsgrad: true),
        ["adamw"] = () => new AdamW(),
        ["adamw amsgrad"] = () => new AdamW(0.8, 0.9, weightDecay: 0.1, amsgrad: true),
        ["rmsprop"] = () => new RmsProp(),
        ["rmsprop centered"] = () => new RmsProp(0.9, centered: true, weightDecay: 0.01),
        ["rmsprop momentum"] = () => new RmsProp(0.9, momentum: 0.9),
        ["rmsprop all"] = () => new RmsProp(momentum: 0.5, centered: true, epsilon: 1e-4),
        ["adagrad"] = () => new Adagrad(),
        ["adagrad decay"] = () => new Adagrad(0.1, weightDecay: 0.1, initialSum: 0.5),
        ["nadam"] = () => new NAdam(),
        ["nadam decay"] = () => new NAdam(0.8, 0.95, weightDecay: 0.1, momentumDecay: 0.02),
        ["adafactor"] = () => new Adafactor(),
        ["adafactor decay"] = () => new Adafactor(0.1, -0.5, clipThreshold: 0.7),
        ["lamb"] = () => new Lamb(),
        ["lamb plain"] = () => new Lamb(0.8, 0.95, 1e-4, 0),
        ["lars"] = () => new Lars(),
        ["lars decay"] = () => new Lars(0.5, 0.1, 0.02),
        ["lion"] = () => new Lion(),
        ["lion decay"] = () => new Lion(0.8, 0.95, 0.1),
    };

    public static IEnumerable<object[]> Cases => Makers.Keys.Select(name => new object[] { name });

    private static Parameter First(int k)
        => new(tensor(Enumerable.Range(0, (int)Shapes[k].Aggregate(1L, (a, b) => a * b))
        .Select(j => ((j * 29 + k * 17 + 5) % 31 - 15) / 8f).ToArray(), Shapes[k]));

    // The vector has no gradient in the first steps and once in between.
    private static Tensor? Gradient(int step, int k)
        => k == 1 && step is (< 3 or 10) ? null
            : tensor(Enumerable.Range(0, (int)Shapes[k].Aggregate(1L, (a, b) => a * b))
            .Select(j => ((step * 37 + j * 101 + k * 53) % 97 - 48) / 32f).ToArray(), Shapes[k]);

    private static (string Name, Parameter Parameter)[] Parameters()
        => [.. Shapes.Select((_, k) => ($"p{k}", First(k)))];

    private static void Step(Optimizer optimizer, (string Name, Parameter Parameter)[] parameters, int step,
        double rate)
    {
        for (var k = 0; k < parameters.Length; k++) parameters[k].Parameter.grad = Gradient(step, k);
        optimizer.Step(parameters, rate);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Twenty_steps_have_the_numbers_of_the_original(string name)
    {
        using var golden =
            JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Training", "Golden",
            "optimizers.json")));
        var wanted = golden.RootElement.GetProperty(name);
        using var scope = NewDisposeScope();
        using var optimizer = Makers[name]();
        var parameters = Parameters();
        var at = 0;
        foreach (var row in wanted.GetProperty("steps").EnumerateArray())
        {
            Step(optimizer, parameters, at++, wanted.GetProperty("learningRate").GetDouble());
            foreach (var (parameter, values) in parameters.Zip(row.EnumerateArray()))
                foreach (var (given,
                    want) in parameter.Parameter.data<float>().ToArray()
                    .Zip(values.EnumerateArray().Select(v => v.GetSingle())))
                    Assert.True(MathF.Abs(given - want) <= 1e-6f * MathF.Max(1, MathF.Abs(want)),
                        $"step {at}, {parameter.Name}: {given:R}, not {want:R}");
        }
        Assert.Equal(20, at);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_restored_optimiser_goes_on_with_the_same_bits(string name)
    {
        using var scope = NewDisposeScope();
        var (whole, cut) = (Parameters(), Parameters());
        using Optimizer one = Makers[name](), before = Makers[name](), after = Makers[name]();
        for (var i = 0; i < 12; i++) Step(one, whole, i, 0.01);
        for (var i = 0; i < 6; i++) Step(before, cut, i, 0.01);
        after.Restore(before.State.Keys, key => before.State[key].clone(), before.Steps, before.LateCounts, CPU);
        for (var i = 6; i < 12; i++) Step(after, cut, i, 0.01);
        foreach (var (a, b) in whole.Zip(cut)) Assert.True(a.Parameter.Equals(b.Parameter), a.Name);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void One_that_can_be_divided_steps_parts_with_the_bits_of_the_whole(string name)
    {
        using var scope = NewDisposeScope();
        using Optimizer whole = Makers[name](), parts = Makers[name]();
        if (!whole.IsElementWise)
        {
            Assert.Contains($"--zero 1 divides parameters among ranks, and {whole.Name} needs",
                Assert.Throws<UsageException>(() => whole.RequireElementWise("--zero 1")).Message);
            return;
        }
        Parameter one = First(0), two = First(0);
        for (var i = 0; i < 5; i++)
        {
            whole.Begin();
            whole.Step("p", one, Gradient(i, 0)!, 0.01);
            parts.Begin();
            using var noGrad = no_grad();
            parts.Step("low", two.view(6).narrow(0, 0, 2), Gradient(i, 0)!.view(6).narrow(0, 0, 2), 0.01);
            parts.Step("high", two.view(6).narrow(0, 2, 4), Gradient(i, 0)!.view(6).narrow(0, 2, 4), 0.01);
        }
        Assert.True(one.Equals(two));
        Assert.Equal(whole.StateBytes, parts.StateBytes);
    }

    [Fact]
    public void An_unknown_name_lists_the_known_ones()
        => Assert.Equal("unknown optimizer 'adan': choose sgd, adam, adamw, rmsprop, adagrad, nadam, adafactor, lamb, lars or lion",
            Assert.Throws<UsageException>(() => OptimizerList.Create("adan")).Message);

    [Fact]
    public void Every_name_makes_the_optimiser_of_that_name()
        => Assert.All(OptimizerList.Names, name => Assert.Equal(name, OptimizerList.Create(name).Name));

    [Theory]
    [InlineData(1.5, 0, "momentum must be in [0, 1), got 1.5")]
    [InlineData(0.9, -0.1, "weight decay must be at least 0, got -0.1")]
    public void Settings_out_of_range_are_refused(double momentum, double decay, string message)
        => Assert.Equal(message, Assert.Throws<UsageException>(() => new Sgd(momentum, decay)).Message);

    // The one of docs/optimizers.md.
    private sealed class SignSgd() : Optimizer(momentum: 0.9)
    {
        public override string Name => "signsgd";
        protected override void Update(ParameterStep step)
        {
            var mean = StateOf(step, "mean");
            mean.mul_(step.Momentum).add_(step.Gradient, alpha: 1 - step.Momentum);
            step.Parameter.add_(mean.sign(), alpha: -step.LearningRate);
        }
    }

    [Fact]
    public void An_optimiser_of_ones_own_steps_and_keeps_its_state()
    {
        using var scope = NewDisposeScope();
        using var optimizer = new SignSgd().Group("p0", learningRateScale: 2);
        var parameters = Parameters();
        Step(optimizer, parameters, 0, 0.25);
        Assert.Equal(First(0).data<float>()[0] + 0.5f, parameters[0].Parameter.data<float>()[0]);
        Assert.Equal(["p0/mean", "p2/mean"], optimizer.State.Keys);
    }
}
