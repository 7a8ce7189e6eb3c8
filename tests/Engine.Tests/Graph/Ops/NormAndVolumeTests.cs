using Interactive.Graphs;
using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs.Ops;

/// <summary>
/// Norms, convolutions and pools of lengths and volumes, padding and resizing: autograd's bits, and only what they
/// declare is kept.
/// </summary>
public class NormAndVolumeTests
{
    private static readonly Dictionary<string, (Shape Input, Func<Value, Value> Build)> cases = new()
    {
        ["group_norm"] = (Image, x => x.Linear(9).GroupNorm(3)),
        ["group_norm of rows"] = (new(6, 7), x => x.Linear(9).GroupNorm(2)),
        ["instance_norm"] = (Image, x => x.Linear(9).InstanceNorm()),
        ["instance_norm with weights"] = (Image,
            x => x.Builder.Add(new InstanceNorm(nn.InstanceNorm2d(6, affine: true)), null, x.Linear(9))),
        ["rms_norm"] = (Image, x => x.Linear(9).RmsNorm()),
        ["batch_norm1d"] = (new(12), x => x.Linear(7).BatchNorm1d().Tanh()),
        ["batch_norm1d of a length"] = (new(6, 11), x => x.Linear(11).BatchNorm1d()),
        ["batch_norm3d"] = (Volume, x => x.Linear(7).BatchNorm3d()),
        ["conv1d"] = (new(6, 11), x => x.Linear(11).Conv1d(8, 3, stride: 2, padding: 1, dilation: 2, groups: 2)),
        ["conv_transpose1d"] = (new(6, 11), x => x.Linear(11).ConvTranspose1d(8, 3, stride: 2, padding: 1)),
        ["conv3d"] = (Volume, x => x.Linear(7).Conv3d(4, 3, stride: 2, padding: 1)),
        ["max_pool1d"] = (new(6, 11), x => x.Linear(11).MaxPool1d(3, 2, 1)),
        ["avg_pool1d"] = (new(6, 11), x => x.Linear(11).AvgPool1d(3, 2, 1, ceiling: true)),
        ["adaptive_avg_pool1d"] = (new(6, 11), x => x.Linear(11).AdaptiveAvgPool1d(4)),
        ["mean of a length"] = (new(6, 11), x => x.Linear(11).AdaptiveAvgPool1d(1)),
        ["max_pool3d"] = (Volume, x => x.Linear(7).MaxPool3d(3, 2, 1)),
        ["avg_pool3d"] = (Volume, x => x.Linear(7).AvgPool3d(2)),
        ["pad"] = (Image, x => x.Linear(9).Pad([1, 2, 0, 3], value: 0.5)),
        ["pad that cuts"] = (Image, x => x.Linear(9).Pad([-1, 2])),
        ["pad by reflection"] = (Image, x => x.Linear(9).Pad([1, 2, 0, 3], reflect: true)),
        ["pad of a length by reflection"] = (new(6, 11), x => x.Linear(11).Pad([4, 2], reflect: true)),
        ["pixel_shuffle"] = (new(8, 5, 7), x => x.Linear(7).PixelShuffle(2)),
        ["interpolate nearest"] = (Image, x => x.Linear(9).Interpolate((5, 13))),
        ["interpolate bilinear"] = (Image, x => x.Linear(9).Interpolate((11, 6), bilinear: true, alignCorners: true)),
        ["add_parameter"] = (Image, x => x.Builder.Add(new AddParameter(Parameter(7, 1)), null, x.Linear(9))),
        ["mul_parameter"] = (Image, x => x.Builder.Add(new MulParameter(Parameter(6, 1, 1)), null, x.Linear(9))),
        ["mul by a constant"] = (Image,
            x => x.Builder.Add(new MulParameter(Parameter(trained: false, 9)), null, x.Linear(9))),
    };

    private static Shape Image => new(6, 7, 9);
    private static Shape Volume => new(3, 5, 6, 7);
    private static ParameterTensor Parameter(params long[] shape) => Parameter(trained: true, shape);
    private static ParameterTensor Parameter(bool trained, params long[] shape)
        => new(new TorchSharp.Modules.Parameter(randn(shape), trained));

    /// <summary>Run by autograd alone.</summary>
    private static readonly string[] recorded = ["adaptive_avg_pool1d", "mean of a length", "instance_norm",
        "instance_norm with weights", "interpolate nearest", "interpolate bilinear", "add_parameter", "mul_parameter",
        "mul by a constant"];

    public static TheoryData<string> Names => [.. cases.Keys];

    private static Graph Net(string name) => OpChecks.Net(cases[name].Input, cases[name].Build);

    [Theory]
    [MemberData(nameof(Names))]
    public void Trains_with_autograds_bits(string name) => OpChecks.TrainsWithAutogradsBits(() => Net(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_directly_with_autograds_bits(string name)
        => OpChecks.RunsDirectWithAutogradsBits(() => Net(name), expectDirect: !recorded.Contains(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Keeps_what_it_declares(string name) => OpChecks.DeclaresWhatIsHeld(() => Net(name));

    [Fact]
    public void A_new_group_norm_has_ones_and_zeros()
    {
        var graph = Net("group_norm");
        Assert.All(graph.get_parameter("group_norm.weight")!.data<float>().ToArray(), w => Assert.Equal(1, w));
        Assert.All(graph.get_parameter("group_norm.bias")!.data<float>().ToArray(), b => Assert.Equal(0, b));
    }

    [Fact]
    public void Rms_norm_is_that_of_the_formula()
    {
        using var scope = NewDisposeScope();
        var x = randn(2, 5);
        var y = new RmsNorm(new RmsNormWeight(5), 1e-6).Forward([x], new RunMode(Training: true));
        var expected = x / (x * x).mean([-1], keepdim: true).add(1e-6).sqrt();
        Assert.True(expected.allclose(y));
    }
}
