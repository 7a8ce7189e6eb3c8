using System.Text.RegularExpressions;
using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>The models by their command-line names.</summary>
public static partial class Zoo
{
    private static readonly Dictionary<string, (Shape Image, Func<ModelOptions, Graph> Create)> Models = new()
    {
        ["lenet5"] = (new(1, 28, 28), ClassicNets.LeNet5),
        ["alexnet"] = (new(3, 224, 224), ClassicNets.AlexNet),
        ["vgg16"] = (new(3, 224, 224), o => Vgg.Create(16, o)),
        ["vgg19"] = (new(3, 224, 224), o => Vgg.Create(19, o)),
        ["googlenet"] = (new(3, 224, 224), GoogLeNet.Create),
        ["resnet18"] = (new(3, 224, 224), o => ResNet.Create(18, o)),
        ["resnet34"] = (new(3, 224, 224), o => ResNet.Create(34, o)),
        ["resnet50"] = (new(3, 224, 224), o => ResNet.Create(50, o)),
        ["resnet101"] = (new(3, 224, 224), o => ResNet.Create(101, o)),
        ["resnet152"] = (new(3, 224, 224), o => ResNet.Create(152, o)),
        ["resnet269"] = (new(3, 224, 224), o => ResNet.Create(269, o)),
        ["resnet1001"] = (new(3, 32, 32), o => ResNet.Create(1001, o)),
        ["resnet1207"] = (new(3, 224, 224), o => ResNet.Create(1207, o)),
        ["inceptionv4"] = (new(3, 299, 299), InceptionV4.Create),
        ["inceptionresnetv2"] = (new(3, 299, 299), InceptionResNetV2.Create),
        ["mobilenet"] = (new(3, 224, 224), MobileNet.Create),
        ["mobilenetv2"] = (new(3, 224, 224), MobileNetV2.Create),
        ["unet"] = (new(3, 96, 96), UNet.Create),
        ["densenet121"] = (new(3, 224, 224), DenseNet.Create),
        ["gpt"] = (new(128), Gpt.Create),
        ["vit"] = (new(3, 224, 224), VisionTransformer.Create),
    };

    /// <summary>
    /// The listed names. Any other depth of the bottleneck family works too: <c>resnetN</c> with N - 2 divisible by 3.
    /// </summary>
    public static IReadOnlyCollection<string> Names => Models.Keys;

    /// <summary>One sample's shape where none is asked for.</summary>
    /// <exception cref="UsageException">No such model.</exception>
    public static Shape DefaultInput(string name) => Find(name).Image;

    /// <summary>A new model with fresh parameters.</summary>
    /// <exception cref="UsageException">No such model, or its layers do not fit the image.</exception>
    public static Graph Create(string name, ModelOptions? options = null)
    {
        var (image, create) = Find(name);
        options ??= new ModelOptions();
        try { return create(options with { Image = options.Image ?? image }); }
        catch (GraphException e) { throw new UsageException($"{name} cannot take {options.Image ?? image}: {e.Message}"); }
    }

    private static (Shape Image, Func<ModelOptions, Graph> Create) Find(string name)
    {
        if (Models.TryGetValue(name, out var model)) return model;
        if (BottleneckName().Match(name) is { Success: true } match
            && int.TryParse(match.Groups[1].Value, out var depth) && ResNet.IsBottleneckDepth(depth))
            return (new(3, 224, 224), o => ResNet.Create(depth, o));
        throw new UsageException($"unknown model '{name}': choose one of {string.Join(", ", Names)}, or resnetN with N = 3 blocks + 2 from 14 to 1207");
    }

    [GeneratedRegex("^resnet([0-9]+)$")]
    private static partial Regex BottleneckName();
}
