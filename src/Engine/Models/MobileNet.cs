using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>MobileNet-v1, width 1 (Howard et al. 2017).</summary>
internal static class MobileNet
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("mobilenet", options);
        var x = Layer(net.Input, "conv0", 32, 3, 2, 1);
        (long Channels, long Stride)[] blocks =
            [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1),
                (512, 1), (1024, 2), (1024, 1)];
        for (var i = 0; i < blocks.Length; i++)
        {
            x = Layer(x, $"depthwise{i + 1}", x.Shape[0], 3, blocks[i].Stride, x.Shape[0]);
            x = Layer(x, $"pointwise{i + 1}", blocks[i].Channels, 1, 1, 1);
        }
        return net.Build(x.AdaptiveAvgPool(1).Flatten().Linear(options.Classes ?? 1000, name: "fc"));
    }

    private static Value Layer(Value x, string name, long channels, long kernel, long stride, long groups)
        => x.Conv(channels, kernel, stride, padding: kernel / 2, groups: groups, bias: false, name: name + ".conv")
        .BatchNorm(name + ".bn").Relu(name + ".relu");
}
