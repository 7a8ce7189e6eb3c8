using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>VGG without batch norm (Simonyan and Zisserman 2014), with torchvision's names.</summary>
internal static class Vgg
{
    public static Graph Create(int depth, ModelOptions options)
    {
        var net = Start.Image($"vgg{depth}", options);
        int[] repeats = depth == 16 ? [2, 2, 3, 3, 3] : [2, 2, 4, 4, 4];
        long[] widths = [64, 128, 256, 512, 512];
        var x = net.Input;
        using (net.Scope("features"))
        {
            var at = 0;
            for (var stage = 0; stage < 5; stage++)
            {
                for (var i = 0; i < repeats[stage]; i++)
                    x = x.Conv(widths[stage], 3, padding: 1, name: $"{at++}").Relu($"{at++}");
                x = x.MaxPool(2, name: $"{at++}");
            }
        }
        x = x.AdaptiveAvgPool(7, "avgpool").Flatten("flatten");
        using (net.Scope("classifier"))
        {
            x = x.Linear(4096, name: "0").Relu("1").Dropout(0.5, "2").Linear(4096, name: "3").Relu("4").Dropout(0.5,
                "5");
            return net.Build(x.Linear(options.Classes ?? 1000, name: "6"));
        }
    }
}
