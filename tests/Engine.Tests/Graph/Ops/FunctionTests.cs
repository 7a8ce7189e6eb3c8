using Interactive.Graphs;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>
/// Element-wise functions, reductions and softmaxes: autograd's bits, and only what they declare is kept.
/// </summary>
public class FunctionTests
{
    private static readonly Dictionary<string, Func<Value, Value>> cases = new()
    {
        ["sigmoid"] = x => x.Sigmoid(),
        ["tanh"] = x => x.Tanh(),
        ["silu"] = x => x.Silu(),
        ["elu"] = x => x.Elu(1.3),
        ["softplus"] = x => x.Softplus(2, 1),
        ["leaky_relu"] = x => x.LeakyRelu(0.2),
        ["relu6"] = x => x.Times(6).Relu6(),
        ["clamp"] = x => x.Clamp(-0.4, double.PositiveInfinity),
        ["hardswish"] = x => x.Times(4).Hardswish(),
        ["hardsigmoid"] = x => x.Times(4).Hardsigmoid(),
        ["exp"] = x => x.Exp(),
        ["log"] = x => x.Exp().Plus(0.1).Log(),
        ["sqrt"] = x => x.Exp().Sqrt(),
        ["rsqrt"] = x => x.Exp().Rsqrt(),
        ["sin"] = x => x.Sin(),
        ["cos"] = x => x.Cos(),
        ["gelu by tanh"] = x => x.Gelu(tanh: true),
        ["abs"] = x => x.Abs(),
        ["square"] = x => x.Pow(2),
        ["pow"] = x => x.Exp().Pow(-1.5),
        ["over"] = x => x.Over(3),
        ["sum"] = x => x.Sum([2]),
        ["sum kept"] = x => x.Sum([-1, 1], keepDimensions: true),
        ["mean"] = x => x.Mean([1]),
        ["mean kept"] = x => x.Mean([1, 3], keepDimensions: true),
        ["softmax"] = x => x.Softmax(),
        ["softmax over channels"] = x => x.Softmax(1),
        ["log_softmax"] = x => x.LogSoftmax(-2),
    };

    public static TheoryData<string> Names => [.. cases.Keys];

    private static Graph Net(string name) => OpChecks.Net(new Shape(5, 7, 9), x => cases[name](x.Linear(9)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name) => OpChecks.RunsDirectWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Keeps_what_it_declares(string name) => OpChecks.DeclaresWhatIsHeld(() => Net(name));

    [Fact]
    public void A_dimension_that_is_not_of_the_sample_is_refused()
    {
        var x = new GraphBuilder("net", new Shape(5, 7)).Input;
        Assert.Equal("mean: dimension 3 is not one of a sample 5x7: 1 is its first, 2 its last, and 0 the batch",
            Assert.Throws<GraphException>(() => x.Mean([3])).Message);
        Assert.Equal("softmax: dimension 0 is not one of a sample 5x7: 1 is its first, 2 its last, and 0 the batch",
            Assert.Throws<GraphException>(() => x.Softmax(0)).Message);
    }
}
