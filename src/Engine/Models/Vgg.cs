using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>VGG without batch norm (Simonyan and Zisserman 2014).</summary>
internal static class Vgg
{
    public static Graph Create(int depth, ModelOptions options)
    {
        var net = Start.Image($"vgg{depth}", options);
        int[] repeats = depth == 16 ? [2, 2, 3, 3, 3] : [2, 2, 4, 4, 4];
        long[] widths = [64, 128, 256, 512, 512];
        var x = net.Input;
        for (var stage = 0; stage < 5; stage++)
        {
            for (var i = 0; i < repeats[stage]; i++)
                x = x.Conv(widths[stage], 3, padding: 1, name: $"conv{stage + 1}_{i + 1}").Relu();
            x = x.MaxPool(2);
        }
        x = x.AdaptiveAvgPool(7).Flatten();
        x = x.Linear(4096, name: "fc1").Relu().Dropout(0.5).Linear(4096, name: "fc2").Relu().Dropout(0.5);
        return net.Build(x.Linear(options.Classes ?? 1000, name: "fc3"));
    }
}
