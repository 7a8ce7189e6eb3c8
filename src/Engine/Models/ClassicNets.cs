using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>The nets that began it: LeNet-5 (LeCun et al. 1998) with rectifiers and max pooling, AlexNet (Krizhevsky 2014, one column).</summary>
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
        var x = net.Input.Conv(64, 11, stride: 4, padding: 2, name: "conv1").Relu().MaxPool(3, stride: 2);
        x = x.Conv(192, 5, padding: 2, name: "conv2").Relu().MaxPool(3, stride: 2);
        x = x.Conv(384, 3, padding: 1, name: "conv3").Relu();
        x = x.Conv(256, 3, padding: 1, name: "conv4").Relu();
        x = x.Conv(256, 3, padding: 1, name: "conv5").Relu().MaxPool(3, stride: 2);
        x = x.AdaptiveAvgPool(6).Flatten();
        x = x.Dropout(0.5).Linear(4096, name: "fc1").Relu().Dropout(0.5).Linear(4096, name: "fc2").Relu();
        return net.Build(x.Linear(options.Classes ?? 1000, name: "fc3"));
    }
}
