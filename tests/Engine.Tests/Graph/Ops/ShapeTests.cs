using Interactive.Graphs;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>
/// Products of matrices, views and copies to other places: autograd's bits, and only what they declare is kept.
/// </summary>
public class ShapeTests
{
    private static readonly Dictionary<string, Func<Value, Value>> cases = new()
    {
        ["reshape"] = x => x.Linear(9).Reshape([9, -1]).Linear(4),
        ["reshape of the input"] = x => x.Reshape([-1]).Linear(4),
        ["reshape of a shared value"] = x => Shared(x.Linear(9)),
        ["reshape after a permute"] = x => x.Linear(9).Permute([3, 1, 2]).Reshape([5, 9, 7]).Relu().Linear(3),
        ["unsqueeze and squeeze"] = x => x.Linear(9).Unsqueeze(-1).Relu().Squeeze(4).Unsqueeze(1).Sigmoid(),
        ["permute"] = x => x.Linear(9).Permute([2, 3, 1]).Linear(3),
        ["permute by ones"] = x => x.Linear(9).Mean([2, 3], keepDimensions: true).Permute([2, 1, 3]).Linear(3),
        ["transpose"] = x => x.Linear(9).Transpose(-1, 1).Linear(3),
        ["narrow"] = x => x.Linear(9).Narrow(2, 1, 4).Linear(3),
        ["narrow from the end"] = x => x.Linear(9).Narrow(1, -2, 2).Linear(3),
        ["select"] = x => x.Linear(9).Select(2, -1).Linear(3),
        ["halves"] = x => Halves(x.Linear(8)),
        ["concat"] = x => x.Linear(9).ConcatAlong(-1, x, x.Linear(2)),
        ["matmul"] = x => x.Linear(9).Matmul(x.Linear(6).Transpose(2, 3).Linear(9).Transpose(2, 3)),
        ["matmul, second transposed"] = x => x.Linear(9).Matmul(x.Linear(9), transposeSecond: true),
        ["matmul, first transposed"] = x => x.Linear(9).Matmul(x.Linear(6), transposeFirst: true),
        ["matmul, both transposed"] = x => x.Linear(7).Matmul(x.Linear(7), transposeFirst: true, transposeSecond: true),
        ["matmul by itself"] = x => Gram(x.Linear(9)),
        ["matmul of matrices"] = x => x.Reshape([35, 9]).Linear(8).Matmul(x.Reshape([35, 9]), transposeFirst: true),
    };

    private static Value Shared(Value x) => x.Reshape([35, 9]).Relu().Reshape([5, 7, 9]).Plus(x).Relu();
    private static Value Halves(Value x) => x.Narrow(3, 0, 4).Mul(x.Narrow(3, 4, 4).Sigmoid());
    private static Value Gram(Value x) => x.Matmul(x, transposeSecond: true).Over(3).Softmax().Matmul(x);

    public static TheoryData<string> Names => [.. cases.Keys];

    private static Graph Net(string name) => OpChecks.Net(new Shape(5, 7, 9), cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name)
        => OpChecks.RunsDirectWithAutogradsBits(() => Net(name),
        expectDirect: name is not ("reshape" or "reshape of the input" or "reshape of a shared value"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Keeps_what_it_declares(string name) => OpChecks.DeclaresWhatIsHeld(() => Net(name));

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var x = new GraphBuilder("net", new Shape(5, 7)).Input;
        Assert.Equal("reshape: lays 5x7 in 6x-1, which does not have its 35 numbers",
            Assert.Throws<GraphException>(() => x.Reshape([6, -1])).Message);
        Assert.Equal("narrow: takes 3 from 5 on of dimension 2, which has 7 places",
            Assert.Throws<GraphException>(() => x.Narrow(2, 5, 3)).Message);
        Assert.Equal("matmul: multiplies matrices (n x k by k x m) under equal leading dimensions, got 5x7 Float32 (input) and 5x7 Float32 (input)",
            Assert.Throws<GraphException>(() => x.Matmul(x)).Message);
    }
}
