using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>MobileNet-v2, width 1 (Sandler et al. 2018), with torchvision's names.</summary>
internal static class MobileNetV2
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("mobilenetv2", options);
        (long Expansion, long Channels, int Repeats,
            long Stride)[] stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1)];
        var x = net.Input;
        using (net.Scope("features"))
        {
            x = Layer(x, "0", 32, 3, 2, 1);
            var at = 1;
            foreach (var (expansion, channels, repeats, stride) in stages)
                for (var i = 0; i < repeats; i++)
                    using (net.Scope($"{at++}")) x = InvertedResidual(x, expansion, channels, i == 0 ? stride : 1);
            x = Layer(x, $"{at}", 1280, 1, 1, 1);
        }
        return net.Build(x.AdaptiveAvgPool(1, "avgpool").Flatten("flatten").Dropout(0.2, "classifier.0")
            .Linear(options.Classes ?? 1000, name: "classifier.1"));
    }

    // Widens, convolves each channel by itself, narrows without a rectifier.
    private static Value InvertedResidual(Value x, long expansion, long channels, long stride)
    {
        var (wide, part) = (x.Shape[0] * expansion, 0);
        var y = expansion == 1 ? x : Layer(x, $"conv.{part++}", wide, 1, 1, 1);
        y = Layer(y, $"conv.{part++}", wide, 3, stride, wide);
        y = y.Conv(channels, 1, bias: false, name: $"conv.{part}").BatchNorm($"conv.{part + 1}");
        return stride == 1 && x.Shape[0] == channels ? x.Add(y, name: "add") : y;
    }

    private static Value Layer(Value x, string name, long channels, long kernel, long stride, long groups)
        => x.Conv(channels, kernel, stride, padding: kernel / 2, groups: groups, bias: false, name: name + ".0")
        .BatchNorm(name + ".1").Relu6(name + ".2");
}
