using Interactive.Graphs;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>Layers among others that hand gradients on as they lie: autograd's bits.</summary>
public class LayerTests
{
    private static readonly Dictionary<string, Func<Value, Value>> cases = new()
    {
        ["gelu"] = x => x.Linear(9).Gelu().Permute([2, 3, 1]),
        ["relu"] = x => x.Linear(9).Relu().Permute([2, 3, 1]),
        ["shared relu"] = x => Shared(x.Linear(9).Relu()),
        ["layer_norm"] = x => x.Linear(9).LayerNorm().Permute([2, 3, 1]),
        ["dropout"] = x => x.Linear(9).Dropout(0.4).Permute([2, 3, 1]),
        ["conv"] = x => x.Linear(9).Conv(6, 3).Permute([2, 3, 1]),
        ["batch_norm"] = x => x.Linear(9).BatchNorm().Permute([2, 3, 1]),
        ["max_pool"] = x => x.Linear(9).MaxPool(3, 2).Permute([2, 3, 1]),
        ["avg_pool"] = x => x.Linear(9).AvgPool(3, 2).Permute([2, 3, 1]),
        ["sum of conv"] = x => x.Conv(6, 3).Sum([2, 3]),
        ["sum of batch_norm"] = x => x.Linear(9).BatchNorm().Relu().Sum([2, 3]),
        ["sum of layer_norm"] = x => x.Linear(9).LayerNorm().Sum([1]),
        ["sum of gelu"] = x => x.Linear(9).Gelu().Sum([1]),
        ["sum of a shared value"] = x => SharedSum(x.Linear(9)),
        ["sum of concat"] = x => x.Linear(9).Concat(x.Linear(9)).Sum([2]),
        ["sum of a reshape"] = x => x.Linear(9).Reshape([35, 9]).Sum([1]),
        ["sum of sums"] = x => x.Linear(9).Plus(1).Sum([1]).Sum([1]),
    };

    private static Value Shared(Value x) => x.Permute([2, 3, 1]).Plus(x.Sigmoid().Permute([2, 3, 1])).Narrow(3, 0, 4);
    private static Value SharedSum(Value x) => x.Sum([1]).Plus(x.Mean([1])).Mul(x.Narrow(1, 1, 1).Reshape([7, 9]));

    public static TheoryData<string> Names => [.. cases.Keys];

    private static Graph Net(string name) => OpChecks.Net(new Shape(5, 7, 9), cases[name]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name) => OpChecks.RunsDirectWithAutogradsBits(() => Net(name));
}
