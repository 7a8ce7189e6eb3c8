using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>Inception-ResNet-v2 (Szegedy et al. 2016), without the auxiliary head.</summary>
internal static class InceptionResNetV2
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("inceptionresnetv2", options);
        var x = net.Input.ConvNormRelu("conv1a", 32, 3, stride: 2).ConvNormRelu("conv2a", 32, 3).ConvNormRelu("conv2b",
            64, 3, padding: 1).MaxPool(3, stride: 2);
        x = x.ConvNormRelu("conv3b", 80, 1).ConvNormRelu("conv4a", 192, 3).MaxPool(3, stride: 2);
        using (net.Scope("mixed5b")) x = Mixed5(x);
        for (var i = 0; i < 10; i++)
            using (net.Scope($"block35.{i}")) x = Residual(x, Branches35(x), 0.17);
        using (net.Scope("mixed6a")) x = Mixed6(x);
        for (var i = 0; i < 20; i++)
            using (net.Scope($"block17.{i}")) x = Residual(x, Branches17(x), 0.10);
        using (net.Scope("mixed7a")) x = Mixed7(x);
        for (var i = 0; i < 9; i++)
            using (net.Scope($"block8.{i}")) x = Residual(x, Branches8(x), 0.20);
        using (net.Scope("block8.9")) x = Sum(x, Branches8(x), 1);
        x = x.ConvNormRelu("conv7b", 1536, 1);
        return net.Build(x.AdaptiveAvgPool(1).Flatten().Dropout(0.2).Linear(options.Classes ?? 1000, name: "fc"));
    }

    private static Value Sum(Value x, Value branches, double scale)
        => x.Add(branches.Conv(x.Shape[0], 1, name: "conv"), scale, "add");
    private static Value Residual(Value x, Value branches, double scale) => Sum(x, branches, scale).Relu("relu");

    private static Value Mixed5(Value x)
    {
        var b = x.ConvNormRelu("1.0", 48, 1).ConvNormRelu("1.1", 64, 5, padding: 2);
        var c = x.ConvNormRelu("2.0", 64, 1).ConvNormRelu("2.1", 96, 3, padding: 1).ConvNormRelu("2.2", 96, 3,
            padding: 1);
        var d = x.AvgPool(3, stride: 1, padding: 1, countPadding: false).ConvNormRelu("3", 64, 1);
        return x.ConvNormRelu("0", 96, 1).Concat(b, c, d);
    }

    private static Value Branches35(Value x)
    {
        var b = x.ConvNormRelu("1.0", 32, 1).ConvNormRelu("1.1", 32, 3, padding: 1);
        var c = x.ConvNormRelu("2.0", 32, 1).ConvNormRelu("2.1", 48, 3, padding: 1).ConvNormRelu("2.2", 64, 3,
            padding: 1);
        return x.ConvNormRelu("0", 32, 1).Concat(b, c);
    }

    private static Value Mixed6(Value x)
    {
        var b = x.ConvNormRelu("1.0", 256, 1).ConvNormRelu("1.1", 256, 3, padding: 1).ConvNormRelu("1.2", 384, 3,
            stride: 2);
        return x.ConvNormRelu("0", 384, 3, stride: 2).Concat(b, x.MaxPool(3, stride: 2));
    }

    private static Value Branches17(Value x)
        => x.ConvNormRelu("0", 192, 1).Concat(x.ConvNormRelu("1.0", 128, 1)
            .ConvNormRelu("1.1", 160, (1, 7), padding: (0, 3)).ConvNormRelu("1.2", 192, (7, 1), padding: (3, 0)));

    private static Value Mixed7(Value x)
    {
        var a = x.ConvNormRelu("0.0", 256, 1).ConvNormRelu("0.1", 384, 3, stride: 2);
        var b = x.ConvNormRelu("1.0", 256, 1).ConvNormRelu("1.1", 288, 3, stride: 2);
        var c = x.ConvNormRelu("2.0", 256, 1).ConvNormRelu("2.1", 288, 3, padding: 1).ConvNormRelu("2.2", 320, 3,
            stride: 2);
        return a.Concat(b, c, x.MaxPool(3, stride: 2));
    }

    private static Value Branches8(Value x)
        => x.ConvNormRelu("0", 192, 1).Concat(x.ConvNormRelu("1.0", 192, 1)
            .ConvNormRelu("1.1", 224, (1, 3), padding: (0, 1)).ConvNormRelu("1.2", 256, (3, 1), padding: (1, 0)));
}
