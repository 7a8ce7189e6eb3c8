using Interactive.Graphs;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>
/// Ops of two values: autograd's bits whichever is trained and however they are repeated, and only what they declare is
/// kept.
/// </summary>
public class BinaryTests
{
    private static readonly Dictionary<string, Func<Value, Value>> cases = new()
    {
        ["sub"] = x => x.Linear(9).Sub(x.Linear(9)),
        ["add to channels"] = x => x.Linear(9).Plus(x.Linear(9).Mean([2, 3], keepDimensions: true)),
        ["sub from channels"] = x => x.Linear(9).Mean([2, 3], keepDimensions: true).Sub(x.Linear(9)),
        ["mul"] = x => x.Linear(9).Mul(x.Linear(9)),
        ["mul by itself"] = x => Twice(x.Linear(9)),
        ["mul by the input"] = x => x.Linear(9).Mul(x),
        ["mul of the input"] = x => x.Mul(x.Linear(9)),
        ["mul by channels"] = x => x.Linear(9).Mul(x.Linear(9).Mean([2, 3], keepDimensions: true)),
        ["mul rows by columns"] = x => x.Linear(1).Mul(x.Linear(9).Mean([2], keepDimensions: true)),
        ["div"] = x => x.Linear(9).Div(x.Linear(9).Exp()),
        ["div by the input"] = x => x.Linear(9).Div(x),
        ["div of the input"] = x => x.Div(x.Linear(9).Exp()),
        ["div by channels"] = x => x.Linear(9).Div(x.Linear(9).Exp().Sum([2, 3], keepDimensions: true)),
        ["gate"] = x => Gate(x.Linear(9)),
    };

    private static Value Twice(Value x) => x.Mul(x).Plus(x).Plus(1.5).Neg().Relu();
    private static Value Gate(Value x) => x.Mul(x.Mean([2, 3], keepDimensions: true).Sigmoid()).Plus(x);

    public static TheoryData<string> Names => [.. cases.Keys];

    private static Graph Net(string name) => OpChecks.Net(new Shape(5, 7, 9), cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name)
        => OpChecks.RunsDirectWithAutogradsBits(() => Net(name), expectDirect: name != "sub");

    [Theory]
    [MemberData(nameof(Names))]
    public void Keeps_what_it_declares(string name) => OpChecks.DeclaresWhatIsHeld(() => Net(name));

    [Fact]
    public void Of_a_product_only_what_the_partners_gradient_reads_is_kept()
    {
        uint Kept(Func<Value, Value> build)
            => Net(build).Nodes.Where(n => n.Op.Kind is "mul" or "div").Select(n => n.Op.Saves(n).Inputs).Single();
        static Graph Net(Func<Value, Value> build) => OpChecks.Net(new Shape(5, 7, 9), build);
        Assert.Equal(2u, Kept(cases["mul by the input"]));
        Assert.Equal(1u, Kept(cases["mul of the input"]));
        Assert.Equal(3u, Kept(cases["mul"]));
        Assert.Equal(2u, Kept(cases["div by the input"]));
        Assert.Equal(3u, Kept(cases["div of the input"]));
    }

    [Fact]
    public void Shapes_that_do_not_meet_are_refused()
    {
        var x = new GraphBuilder("net", new Shape(5, 7)).Input;
        Assert.Equal("mul: multiplies shapes that are equal or 1 along each dimension, got 5x7 (input) and 5x3 (linear)", Assert.Throws<GraphException>(() => x.Mul(x.Linear(3))).Message);
        Assert.Equal("mul_1: multiplies shapes that are equal or 1 along each dimension, got 5x7 (input) and 5 (mean)",
            Assert.Throws<GraphException>(() => x.Mul(x.Mean([2]), "mul_1")).Message);
    }
}
