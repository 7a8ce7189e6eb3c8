using Interactive.Graphs;
using Interactive.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Models;

/// <summary>Every model of the zoo at a size that a test can run, with a batch for it.</summary>
public static class SmallModels
{
    private static readonly Dictionary<string, ModelOptions> Sizes = new()
    {
        ["lenet5"] = new() { Image = new Shape(1, 28, 28) },
        ["alexnet"] = new() { Image = new Shape(3, 64, 64), Classes = 10 },
        ["vgg16"] = new() { Image = new Shape(3, 32, 32), Classes = 10 },
        ["vgg19"] = new() { Image = new Shape(3, 32, 32), Classes = 10 },
        ["googlenet"] = new() { Image = new Shape(3, 32, 32), Classes = 10 },
        ["inceptionv4"] = new() { Image = new Shape(3, 80, 80), Classes = 10 },
        ["inceptionresnetv2"] = new() { Image = new Shape(3, 80, 80), Classes = 10 },
        ["mobilenet"] = new() { Image = new Shape(3, 32, 32), Classes = 10 },
        ["densenet121"] = new() { Image = new Shape(3, 32, 32), Classes = 10 },
        ["unet"] = new() { Image = new Shape(3, 32, 32) },
        ["gpt"] = new() { Context = 16, Vocabulary = 64, Width = 32, Layers = 2, Heads = 2 },
        ["vit"] = new() { Image = new Shape(3, 32, 32), Width = 48, Layers = 2, Heads = 3, Classes = 10 },
    };

    /// <summary>The two nets of a thousand layers, which are slow.</summary>
    private static readonly string[] deep = ["resnet1001", "resnet1207"];

    /// <summary>All names.</summary>
    public static TheoryData<string> AllNames => [.. Zoo.Names];
    /// <summary>All names but those of the two nets of a thousand layers.</summary>
    public static TheoryData<string> Names => [.. Zoo.Names.Except(deep)];

    public static Graph Create(string name)
        => Zoo.Create(name,
        Sizes.GetValueOrDefault(name) ?? new ModelOptions { Image = new Shape(3, 16, 16), Classes = 10 });

    public static (Tensor Input, Tensor Target) Batch(Graph graph, long batch = 2)
    {
        var classes = graph.Output.Shape;
        var input = graph.Input.Type == ScalarType.Int64
            ? randint(0, 64, graph.Input.Shape.WithBatch(batch), dtype: ScalarType.Int64)
            : randn(graph.Input.Shape.WithBatch(batch));
        var (outputs, positions) = graph.Input.Type == ScalarType.Int64
            ? (classes[^1], new long[] { batch, classes[0] })
            : (classes[0], [batch, .. classes.ToArray()[1..]]);
        return (input, randint(0, outputs, positions, dtype: ScalarType.Int64));
    }

    /// <summary>
    /// Mean softmax cross-entropy for (batch, classes), (batch, tokens, classes) and (batch, classes, height, width).
    /// </summary>
    public static Tensor Loss(Tensor output, Tensor target)
        => output.dim() == 3
            ? nn.functional.cross_entropy(output.flatten(0, 1), target.flatten())
            : nn.functional.cross_entropy(output, target);
}
