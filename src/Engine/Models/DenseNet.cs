using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>
/// DenseNet-121 (Huang et al. 2017): growth 32, bottlenecks of 128, halving transitions. Torchvision's names.
/// </summary>
internal static class DenseNet
{
    private const long Growth = 32;

    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("densenet121", options);
        var x = net.Input;
        using (net.Scope("features"))
        {
            x = x.Conv(64, 7, stride: 2, padding: 3, bias: false, name: "conv0").BatchNorm("norm0").Relu("relu0")
                .MaxPool(3, stride: 2, padding: 1, name: "pool0");
            int[] blocks = [6, 12, 24, 16];
            for (var b = 1; b <= blocks.Length; b++)
            {
                for (var i = 1; i <= blocks[b - 1]; i++)
                    using (net.Scope($"denseblock{b}.denselayer{i}"))
                    {
                        var y = x.BatchNorm("norm1").Relu("relu1").Conv(4 * Growth, 1, bias: false, name: "conv1");
                        x = x.Concat(y.BatchNorm("norm2").Relu("relu2").Conv(Growth, 3, padding: 1, bias: false,
                            name: "conv2"));
                    }
                if (b == blocks.Length) break;
                using (net.Scope($"transition{b}"))
                    x = x.BatchNorm("norm").Relu("relu").Conv(x.Shape[0] / 2, 1, bias: false, name: "conv").AvgPool(2,
                        name: "pool");
            }
            x = x.BatchNorm("norm5").Relu("relu5");
        }
        return net.Build(x.AdaptiveAvgPool(1, "avgpool").Flatten("flatten").Linear(options.Classes ?? 1000,
            name: "classifier"));
    }
}
