using Interactive.Graphs;
using Interactive.Models;

namespace Interactive.Engine.Tests.Models;

public class ZooTests
{
    /// <summary>
    /// Counts as published with the papers' reference code, at 1,000 classes where not said otherwise.
    /// </summary>
    [Theory]
    [InlineData("lenet5", 61_706)]
    [InlineData("alexnet", 61_100_840)]
    [InlineData("vgg16", 138_357_544)]
    [InlineData("vgg19", 143_667_240)]
    [InlineData("googlenet", 6_624_904)]
    [InlineData("resnet18", 11_689_512)]
    [InlineData("resnet34", 21_797_672)]
    [InlineData("resnet50", 25_557_032)]
    [InlineData("resnet101", 44_549_160)]
    [InlineData("resnet152", 60_192_808)]
    [InlineData("inceptionv4", 42_679_816)]
    [InlineData("inceptionresnetv2", 55_843_464)]
    [InlineData("mobilenet", 4_231_976)]
    [InlineData("mobilenetv2", 3_504_872)]
    [InlineData("densenet121", 7_978_856)]
    [InlineData("vit", 86_567_656)]
    public void Parameter_count_is_the_published_one(string name, long expected)
        => Assert.Equal(expected, Zoo.Create(name, new ModelOptions { ShapesOnly = true }).ParameterCount);

    [Fact]
    public void Gpt2_small_has_its_published_parameters()
    {
        var small =
            new ModelOptions
            {
                Layers = 12,
                Heads = 12,
                Width = 768,
                Context = 1024,
                Vocabulary = 50257,
                ShapesOnly = true,
            };
        Assert.Equal(124_439_808, Zoo.Create("gpt", small).ParameterCount);
    }

    [Fact]
    public void Unet_with_one_class_has_its_published_parameters()
        => Assert.Equal(31_037_633,
        Zoo.Create("unet", new ModelOptions { Classes = 1, ShapesOnly = true }).ParameterCount);

    [Theory]
    [InlineData("resnet269", 3, 30, 48, 8)]
    [InlineData("resnet152", 3, 8, 36, 3)]
    public void Deep_bottleneck_nets_have_the_parameters_of_the_formula(string name, params int[] blocks)
        => Assert.Equal(Bottlenecks(3 * 64 * 49 + 2 * 64, 64, blocks),
        Zoo.Create(name, new ModelOptions { ShapesOnly = true }).ParameterCount);

    [Fact]
    public void Resnet1207_has_the_parameters_of_the_formula_and_its_layers()
    {
        var net = Zoo.Create("resnet1207", new ModelOptions { ShapesOnly = true });
        var stem = 27 * 32 + 2 * 32 + 9 * 32 * 32 + 2 * 32 + 9 * 32 * 64 + 2 * 64;
        Assert.Equal(Bottlenecks(stem, 64, [90, 120, 183, 8]), net.ParameterCount);
        Assert.Equal(1207, net.Nodes.Count(n => n.Op.Kind is "conv2d" or "linear" && !n.Name.Contains("downsample")));
    }

    [Fact]
    public void Resnet1001_has_the_parameters_of_the_formula_and_its_layers()
    {
        var net = Zoo.Create("resnet1001", new ModelOptions { ShapesOnly = true, Classes = 10 });
        Assert.Equal(Bottlenecks(27 * 16 + 2 * 16, 16, [111, 111, 111], classes: 10), net.ParameterCount);
        Assert.Equal(1001, net.Nodes.Count(n => n.Op.Kind is "conv2d" or "linear" && !n.Name.Contains("downsample")));
    }

    private static long Bottlenecks(long stem, long width, int[] blocks, long classes = 1000)
    {
        var (total, input) = (stem, width);
        for (var stage = 0; stage < blocks.Length; stage++)
        {
            var (w, output) = (width << stage, 4 * width << stage);
            for (var i = 0; i < blocks[stage]; i++, input = output)
            {
                total += input * w + 9 * w * w + w * output + 2 * (w + w + output);
                if (i == 0) total += input * output + 2 * output;
            }
        }
        return total + input * classes + classes;
    }

    [Fact]
    public void Every_bottleneck_depth_is_a_model()
    {
        var net = Zoo.Create("resnet200", new ModelOptions { ShapesOnly = true });
        Assert.Equal(200, net.Nodes.Count(n => n.Op.Kind is "conv2d" or "linear" && !n.Name.Contains("downsample")));
    }

    [Fact]
    public void Unknown_model_names_the_known_ones()
    {
        var error = Assert.Throws<UsageException>(() => Zoo.Create("resnet51"));
        Assert.Contains("'resnet51'", error.Message);
        Assert.Contains("mobilenet", error.Message);
    }

    [Fact]
    public void Too_small_an_image_names_the_node()
    {
        var error = Assert.Throws<UsageException>(()
            => Zoo.Create("inceptionv4", new ModelOptions { Image = new Shape(3, 32, 32), ShapesOnly = true }));
        Assert.Contains("inceptionv4 cannot take 3x32x32", error.Message);
    }
}
