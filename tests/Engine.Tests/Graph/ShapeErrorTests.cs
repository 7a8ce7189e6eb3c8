using Interactive.Graphs;
using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Graphs;

public class ShapeErrorTests
{
    private static readonly GraphBuilder Net = new("net", new Shape(32, 8, 8));

    [Fact]
    public void A_wrong_channel_count_names_the_node()
    {
        var error = Assert.Throws<GraphException>(() => Net.Add(new Conv2d(nn.Conv2d(64, 8, 3)), "conv3", Net.Input));
        Assert.Equal("conv3: expects 64 channels, got 32", error.Message);
    }

    [Fact]
    public void A_window_that_does_not_fit_says_so()
    {
        var error = Assert.Throws<GraphException>(() => Net.Input.MaxPool(9, name: "pool"));
        Assert.StartsWith("pool: a 9x9 window with padding 0x0 does not fit an input of 8x8", error.Message);
    }

    [Fact]
    public void A_residual_of_two_shapes_names_both()
    {
        var error = Assert.Throws<GraphException>(()
            => Net.Input.Add(Net.Input.Conv(16, 1, name: "narrow"), name: "sum"));
        Assert.Equal("sum: adds equal shapes, got 32x8x8 (input) and 16x8x8 (narrow)", error.Message);
    }

    [Theory]
    [InlineData("3x0x2")]
    [InlineData("3,224")]
    [InlineData("")]
    public void A_bad_shape_is_refused(string text) => Assert.Throws<GraphException>(() => Shape.Parse(text));

    [Theory]
    [InlineData("6")]
    [InlineData("6x9")]
    [InlineData("6x9x9")]
    [InlineData("6x9x9x9")]
    public void Batch_norm_takes_features_lengths_images_and_volumes(string shape)
    {
        var builder = new GraphBuilder("net", Shape.Parse(shape));
        using var net = builder.Build(builder.Input.BatchNorm());
        Assert.Equal(Shape.Parse(shape), net.Output.Shape);
        using var y = net.forward(randn(net.Input.Shape.WithBatch(3)));
        using var means = y.transpose(0, 1).flatten(1).mean([1]);
        Assert.True(means.abs().max().item<float>() < 1e-5);
    }
}
