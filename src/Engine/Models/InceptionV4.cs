using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>Inception-v4 (Szegedy et al. 2016).</summary>
internal static class InceptionV4
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("inceptionv4", options);
        var x = Stem(net.Input);
        for (var i = 0; i < 4; i++) x = In(x, $"a{i}", BlockA);
        x = In(x, "reduction_a", ReductionA);
        for (var i = 0; i < 7; i++) x = In(x, $"b{i}", BlockB);
        x = In(x, "reduction_b", ReductionB);
        for (var i = 0; i < 3; i++) x = In(x, $"c{i}", BlockC);
        return net.Build(x.AdaptiveAvgPool(1).Flatten().Dropout(0.2).Linear(options.Classes ?? 1000, name: "fc"));
    }

    private static Value In(Value x, string scope, Func<Value, Value> block)
    {
        using (x.Builder.Scope(scope)) return block(x);
    }

    private static Value Stem(Value x)
    {
        x = x.ConvNormRelu("conv1", 32, 3, stride: 2).ConvNormRelu("conv2", 32, 3).ConvNormRelu("conv3", 64, 3,
            padding: 1);
        x = x.MaxPool(3, stride: 2).Concat(x.ConvNormRelu("mixed3", 96, 3, stride: 2));
        var left = x.ConvNormRelu("mixed4.0.0", 64, 1).ConvNormRelu("mixed4.0.1", 96, 3);
        var right = x.ConvNormRelu("mixed4.1.0", 64, 1).ConvNormRelu("mixed4.1.1", 64, (1, 7), padding: (0, 3))
            .ConvNormRelu("mixed4.1.2", 64, (7, 1), padding: (3, 0)).ConvNormRelu("mixed4.1.3", 96, 3);
        x = left.Concat(right);
        return x.ConvNormRelu("mixed5", 192, 3, stride: 2).Concat(x.MaxPool(3, stride: 2));
    }

    private static Value Mean(Value x) => x.AvgPool(3, stride: 1, padding: 1, countPadding: false);

    private static Value BlockA(Value x)
    {
        var b = x.ConvNormRelu("1.0", 64, 1).ConvNormRelu("1.1", 96, 3, padding: 1);
        var c = x.ConvNormRelu("2.0", 64, 1).ConvNormRelu("2.1", 96, 3, padding: 1).ConvNormRelu("2.2", 96, 3,
            padding: 1);
        return x.ConvNormRelu("0", 96, 1).Concat(b, c, Mean(x).ConvNormRelu("3", 96, 1));
    }

    private static Value ReductionA(Value x)
    {
        var b = x.ConvNormRelu("1.0", 192, 1).ConvNormRelu("1.1", 224, 3, padding: 1).ConvNormRelu("1.2", 256, 3,
            stride: 2);
        return x.ConvNormRelu("0", 384, 3, stride: 2).Concat(b, x.MaxPool(3, stride: 2));
    }

    private static Value BlockB(Value x)
    {
        var b = x.ConvNormRelu("1.0", 192, 1).ConvNormRelu("1.1", 224, (1, 7), padding: (0, 3)).ConvNormRelu("1.2", 256,
            (7, 1), padding: (3, 0));
        var c =
            x.ConvNormRelu("2.0", 192, 1).ConvNormRelu("2.1", 192, (7, 1), padding: (3, 0)).ConvNormRelu("2.2", 224,
            (1, 7), padding: (0, 3))
            .ConvNormRelu("2.3", 224, (7, 1), padding: (3, 0)).ConvNormRelu("2.4", 256, (1, 7), padding: (0, 3));
        return x.ConvNormRelu("0", 384, 1).Concat(b, c, Mean(x).ConvNormRelu("3", 128, 1));
    }

    private static Value ReductionB(Value x)
    {
        var a = x.ConvNormRelu("0.0", 192, 1).ConvNormRelu("0.1", 192, 3, stride: 2);
        var b = x.ConvNormRelu("1.0", 256, 1).ConvNormRelu("1.1", 256, (1, 7), padding: (0, 3))
            .ConvNormRelu("1.2", 320, (7, 1), padding: (3, 0)).ConvNormRelu("1.3", 320, 3, stride: 2);
        return a.Concat(b, x.MaxPool(3, stride: 2));
    }

    private static Value BlockC(Value x)
    {
        var b = x.ConvNormRelu("1.0", 384, 1);
        var c = x.ConvNormRelu("2.0", 384, 1).ConvNormRelu("2.1", 448, (3, 1), padding: (1, 0)).ConvNormRelu("2.2", 512,
            (1, 3), padding: (0, 1));
        return x.ConvNormRelu("0", 256, 1).Concat(
            b.ConvNormRelu("1.1a", 256, (1, 3), padding: (0, 1)), b.ConvNormRelu("1.1b", 256, (3, 1), padding: (1, 0)),
            c.ConvNormRelu("2.3a", 256, (1, 3), padding: (0, 1)), c.ConvNormRelu("2.3b", 256, (3, 1), padding: (1, 0)),
            Mean(x).ConvNormRelu("3", 256, 1));
    }
}
