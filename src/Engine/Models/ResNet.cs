using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>
/// Residual networks (He et al. 2015), the stride of a bottleneck in its 3x3 convolution. Images of at most 64 pixels
/// get the small stem (one 3x3 convolution and no pooling) unless the options say otherwise. Depth 1001 is the
/// three-stage CIFAR family (9n + 2 layers, widths 16, 32, 64). Depth 1207 counts a deep stem of three 3x3
/// convolutions: 3 + 3 x 401 blocks + 1 layers.
/// </summary>
internal static class ResNet
{
    public static bool IsBottleneckDepth(int depth) => depth is >= 14 and <= 1207 && (depth - 2) % 3 == 0;

    public static Graph Create(int depth, ModelOptions options)
    {
        var net = Start.Image($"resnet{depth}", options);
        var small = options.Stem is { } stem ? stem == ResNetStem.Small
            : Math.Max(options.Image![1], options.Image[2]) <= 64;
        var (blocks, width) = Stages(depth);
        Func<Value, long, long, Value> block = depth is 18 or 34 ? Basic : Bottleneck;

        var x = Stem(net.Input, width, small, deep: depth == 1207);
        for (var stage = 0; stage < blocks.Length; stage++)
            for (var i = 0; i < blocks[stage]; i++)
                using (net.Scope($"layer{stage + 1}.{i}"))
                    x = block(x, width << stage, i == 0 && stage > 0 ? 2 : 1);

        return net.Build(x.AdaptiveAvgPool(1, "avgpool").Flatten("flatten").Linear(options.Classes ?? 1000,
            name: "fc"));
    }

    private static (int[] Blocks, long Width) Stages(int depth) => depth switch
    {
        18 => ([2, 2, 2, 2], 64),
        34 or 50 => ([3, 4, 6, 3], 64),
        101 => ([3, 4, 23, 3], 64),
        152 => ([3, 8, 36, 3], 64),
        269 => ([3, 30, 48, 8], 64),
        1001 => ([111, 111, 111], 16),
        1207 => ([90, 120, 183, 8], 64),
        _ => (Spread((depth - 2) / 3), 64),
    };

    // One block at least in each stage; of the rest three quarters in the third, where deep nets spend their depth.
    private static int[] Spread(int blocks)
    {
        var extra = blocks - 4;
        var third = extra * 3 / 4;
        var second = (extra - third) / 2;
        var first = (extra - third - second) / 2;
        return [1 + first, 1 + second, 1 + third, 1 + (extra - third - second - first)];
    }

    private static Value Stem(Value x, long width, bool small, bool deep)
    {
        if (deep)
        {
            x =
                x.Conv(width / 2, 3, stride: small ? 1 : 2, padding: 1, bias: false, name: "stem1")
                .BatchNorm("stem_bn1").Relu("stem_relu1");
            x = x.Conv(width / 2, 3, padding: 1, bias: false, name: "stem2").BatchNorm("stem_bn2").Relu("stem_relu2");
            x = x.Conv(width, 3, padding: 1, bias: false, name: "conv1");
        }
        else x = small ? x.Conv(width, 3, padding: 1, bias: false, name: "conv1")
            : x.Conv(width, 7, stride: 2, padding: 3, bias: false, name: "conv1");
        x = x.BatchNorm("bn1").Relu("relu");
        return small ? x : x.MaxPool(3, stride: 2, padding: 1, name: "maxpool");
    }

    private static Value Basic(Value x, long width, long stride)
    {
        var y = x.Conv(width, 3, stride, padding: 1, bias: false, name: "conv1").BatchNorm("bn1").Relu("relu1");
        y = y.Conv(width, 3, padding: 1, bias: false, name: "conv2").BatchNorm("bn2");
        return y.Add(Shortcut(x, width, stride), name: "add").Relu("relu2");
    }

    private static Value Bottleneck(Value x, long width, long stride)
    {
        var y = x.Conv(width, 1, bias: false, name: "conv1").BatchNorm("bn1").Relu("relu1");
        y = y.Conv(width, 3, stride, padding: 1, bias: false, name: "conv2").BatchNorm("bn2").Relu("relu2");
        y = y.Conv(4 * width, 1, bias: false, name: "conv3").BatchNorm("bn3");
        return y.Add(Shortcut(x, 4 * width, stride), name: "add").Relu("relu3");
    }

    private static Value Shortcut(Value x, long width, long stride)
        => x.Shape[0] == width && stride == 1 ? x
            : x.Conv(width, 1, stride, bias: false, name: "downsample.0").BatchNorm("downsample.1");
}
