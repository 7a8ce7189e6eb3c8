using Interactive.Training;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace Interactive.Engine.Tests.Training;

public class ParameterGroupTests
{
    private static (string Name, Parameter Parameter)[] Net() =>
        [("body.weight", new(ones(2, 2))), ("body.bias", new(ones(2))), ("head.weight", new(ones(2, 2))),
            ("head.bias", new(ones(2)))];

    [Fact]
    public void Groups_step_with_settings_of_their_own()
    {
        using var scope = NewDisposeScope();
        var net = Net();
        using var optimizer = new Sgd(0, 0.5).Group("head.*", learningRateScale: 10).NoDecayOnBiasesAndNorms();
        optimizer.Assign(net);
        foreach (var (_, parameter) in net) parameter.grad = ones_like(parameter);
        optimizer.Step(net, 0.01);
        // 1 - rate (gradient + decay)
        Assert.Equal([1 - 0.015f, 1 - 0.01f, 1 - 0.15f, 1 - 0.1f], net.Select(p => p.Parameter.data<float>()[0]));
    }

    [Fact]
    public void A_group_can_have_its_own_momentum()
    {
        using var scope = NewDisposeScope();
        var net = Net();
        using var optimizer = new Sgd(0.9).Group(p => p.Name == "head.bias", momentum: 0);
        for (var i = 0; i < 2; i++)
        {
            foreach (var (_, parameter) in net) parameter.grad = ones_like(parameter);
            optimizer.Step(net, 0.1);
        }
        Assert.Equal([0.71f, 0.8f], new[] { net[1], net[3] }.Select(p => p.Parameter.data<float>()[0]),
            (a, b) => MathF.Abs(a - b) < 1e-6f);
    }

    public static TheoryData<Func<Optimizer>, string> Wrong => new()
    {
        { () => new AdamW().Group("head.*", weightDecay: 0).NoDecayOnBiasesAndNorms(), "parameter head.bias is in the groups 'head.*' and 'biases and norms', which all set its weight decay" },
        { () => new AdamW().Group("tail.*", weightDecay: 0), "parameter group 'tail.*' selects no parameter: they are called body.weight, body.bias, head.weight, …" },
        { ()
            => new AdamW().Group("head.*", weightDecay: 0)
            .EveryParameterInAGroup(), "parameter body.weight is in no group: they are 'head.*'" },
        { () => new AdamW().Group("head.*"), "parameter group 'head.*' sets nothing: give it a learning-rate scale, weight decay or momentum" },
        { ()
            => new Adagrad().Group("head.*",
            momentum: 0.5), "parameter group 'head.*' sets a momentum, which adagrad has not" },
        { ()
            => new AdamW().Group(p => p.Name == "x",
            learningRateScale: -1), "learning-rate scale of group 'p => p.Name == \"x\"' must be at least 0, got -1" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Groups_that_do_not_fit_are_told_in_one_line(Func<Optimizer> make, string message)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(message, Assert.Throws<UsageException>(() => make().Assign(Net())).Message);
    }
}
