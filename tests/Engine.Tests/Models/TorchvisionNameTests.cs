using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;

namespace Interactive.Engine.Tests.Models;

/// <summary>
/// Names and shapes of torchvision's state dictionaries (torchvision/models), so that its weights load.
/// </summary>
public class TorchvisionNameTests
{
    [Theory]
    [InlineData("alexnet", 16, 61_100_840, "features.0.weight 64x3x11x11", "features.3.weight 192x64x5x5",
        "features.6.bias 384", "features.8.weight 256x384x3x3", "features.10.weight 256x256x3x3",
        "classifier.1.weight 4096x9216", "classifier.4.weight 4096x4096", "classifier.6.bias 1000")]
    [InlineData("vgg16", 32, 138_357_544, "features.0.weight 64x3x3x3", "features.2.weight 64x64x3x3",
        "features.5.weight 128x64x3x3", "features.10.weight 256x128x3x3", "features.17.weight 512x256x3x3",
        "features.28.weight 512x512x3x3", "classifier.0.weight 4096x25088", "classifier.3.weight 4096x4096",
            "classifier.6.weight 1000x4096")]
    [InlineData("vgg19", 38, 143_667_240, "features.0.weight 64x3x3x3", "features.16.weight 256x256x3x3",
        "features.19.weight 512x256x3x3", "features.34.bias 512", "classifier.6.weight 1000x4096")]
    [InlineData("densenet121", 727, 7_978_856, "features.conv0.weight 64x3x7x7", "features.norm0.running_var 64",
        "features.denseblock1.denselayer1.norm1.weight 64",
        "features.denseblock1.denselayer1.conv1.weight 128x64x1x1",
            "features.denseblock1.denselayer6.conv2.weight 32x128x3x3", "features.transition1.norm.bias 256",
            "features.transition1.conv.weight 128x256x1x1",
        "features.denseblock4.denselayer16.norm1.num_batches_tracked scalar",
            "features.denseblock4.denselayer16.conv1.weight 128x992x1x1", "features.norm5.weight 1024",
            "classifier.weight 1000x1024")]
    [InlineData("mobilenetv2", 314, 3_504_872, "features.0.0.weight 32x3x3x3", "features.0.1.running_mean 32",
        "features.1.conv.0.0.weight 32x1x3x3", "features.1.conv.0.1.weight 32", "features.1.conv.1.weight 16x32x1x1",
        "features.1.conv.2.bias 16", "features.2.conv.0.0.weight 96x16x1x1", "features.2.conv.1.0.weight 96x1x3x3",
            "features.2.conv.2.weight 24x96x1x1", "features.2.conv.3.num_batches_tracked scalar",
        "features.17.conv.2.weight 320x960x1x1", "features.18.0.weight 1280x320x1x1", "features.18.1.weight 1280",
            "classifier.1.weight 1000x1280", "classifier.1.bias 1000")]
    [InlineData("resnet18", 122, 11_689_512, "conv1.weight 64x3x7x7", "bn1.running_var 64",
        "layer1.0.conv1.weight 64x64x3x3", "layer2.0.downsample.0.weight 128x64x1x1", "layer2.0.downsample.1.bias 128",
        "layer4.1.bn2.num_batches_tracked scalar", "fc.weight 1000x512")]
    public void Parameters_and_buffers_have_torchvisions_names(string model, int count, long parameters,
        params string[] some)
    {
        using var graph = Zoo.Create(model, new ModelOptions { ShapesOnly = true });
        var all =
            graph.state_dict()
            .Select(t => $"{t.Key} {(t.Value.dim() == 0 ? "scalar" : string.Join('x', t.Value.shape))}").ToHashSet();
        Assert.Equal((count, parameters), (all.Count, graph.ParameterCount));
        Assert.All(some, name => Assert.Contains(name, all));
    }

    [Theory]
    [InlineData(ResNetStem.Small, ResNetStem.Large,
        "conv1.weight has the shape [64, 3, 7, 7] in the model and [64, 3, 3, 3] in the file")]
    [InlineData(ResNetStem.Large, ResNetStem.Small,
        "conv1.weight has the shape [64, 3, 3, 3] in the model and [64, 3, 7, 7] in the file")]
    public void Weights_of_another_stem_are_refused_by_name(ResNetStem kept, ResNetStem given, string message)
    {
        var path = Path.GetTempFileName();
        ModelOptions Options(ResNetStem stem) => new() { Image = new Shape(3, 32, 32), Classes = 2, Stem = stem };
        using var one = Zoo.Create("resnet18", Options(kept));
        using var other = Zoo.Create("resnet18", Options(given));
        Safetensors.Save(one, path);
        Assert.Equal(message, Assert.Throws<UsageException>(() => Safetensors.Load(other, path)).Message);
        File.Delete(path);
    }

    [Fact]
    public void The_stem_follows_the_image_unless_it_is_said()
    {
        string Stem(long size, ResNetStem? stem = null)
        {
            using var net = Zoo.Create("resnet18",
                new ModelOptions { Image = new Shape(3, size, size), ShapesOnly = true, Stem = stem });
            return string.Join('x', net.state_dict()["conv1.weight"].shape[2..]);
        }
        Assert.Equal(["3x3", "7x7", "7x7", "3x3"],
            new[] { Stem(32), Stem(224), Stem(32, ResNetStem.Large), Stem(224, ResNetStem.Small) });
    }
}
