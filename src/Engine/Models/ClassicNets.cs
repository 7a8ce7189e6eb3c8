using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>
/// The nets that began it: LeNet-5 (LeCun et al. 1998) with rectifiers and max pooling, AlexNet (Krizhevsky 2014, one
/// column, torchvision's names).
/// </summary>
internal static class ClassicNets
{
    public static Graph LeNet5(ModelOptions options)
    {
        var net = Start.Image("lenet5", options);
        var x = net.Input.Conv(6, 5, padding: 2, name: "conv1").Relu().MaxPool(2);
        x = x.Conv(16, 5, name: "conv2").Relu().MaxPool(2);
        x = x.Flatten().Linear(120, name: "fc1").Relu().Linear(84, name: "fc2").Relu();
        return net.Build(x.Linear(options.Classes ?? 10, name: "fc3"));
    }

    public static Graph AlexNet(ModelOptions options)
    {
        var net = Start.Image("alexnet", options);
        var x = net.Input;
        using (net.Scope("features"))
        {
            x = x.Conv(64, 11, stride: 4, padding: 2, name: "0").Relu("1").MaxPool(3, stride: 2, name: "2");
            x = x.Conv(192, 5, padding: 2, name: "3").Relu("4").MaxPool(3, stride: 2, name: "5");
            x = x.Conv(384, 3, padding: 1, name: "6").Relu("7");
            x = x.Conv(256, 3, padding: 1, name: "8").Relu("9");
            x = x.Conv(256, 3, padding: 1, name: "10").Relu("11").MaxPool(3, stride: 2, name: "12");
        }
        x = x.AdaptiveAvgPool(6, "avgpool").Flatten("flatten");
        using (net.Scope("classifier"))
        {
            x = x.Dropout(0.5, "0").Linear(4096, name: "1").Relu("2").Dropout(0.5, "3").Linear(4096, name: "4")
                .Relu("5");
            return net.Build(x.Linear(options.Classes ?? 1000, name: "6"));
        }
    }
}
