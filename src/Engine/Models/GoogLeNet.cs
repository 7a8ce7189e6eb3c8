using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>
/// GoogLeNet (Szegedy et al. 2014) with batch norm and without the auxiliary heads, as torchvision has it (there the
/// "5x5" branch is a 3x3 convolution: 6,624,904 parameters).
/// </summary>
internal static class GoogLeNet
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("googlenet", options);
        var x = net.Input.ConvNormRelu("conv1", 64, 7, stride: 2, padding: 3).MaxPool(3, stride: 2, ceiling: true);
        x = x.ConvNormRelu("conv2", 64, 1).ConvNormRelu("conv3", 192, 3, padding: 1).MaxPool(3, stride: 2,
            ceiling: true);
        x = Inception(x, "3a", 64, 96, 128, 16, 32, 32);
        x = Inception(x, "3b", 128, 128, 192, 32, 96, 64).MaxPool(3, stride: 2, ceiling: true);
        x = Inception(x, "4a", 192, 96, 208, 16, 48, 64);
        x = Inception(x, "4b", 160, 112, 224, 24, 64, 64);
        x = Inception(x, "4c", 128, 128, 256, 24, 64, 64);
        x = Inception(x, "4d", 112, 144, 288, 32, 64, 64);
        x = Inception(x, "4e", 256, 160, 320, 32, 128, 128).MaxPool(2, stride: 2, ceiling: true);
        x = Inception(x, "5a", 256, 160, 320, 32, 128, 128);
        x = Inception(x, "5b", 384, 192, 384, 48, 128, 128);
        return net.Build(x.AdaptiveAvgPool(1).Flatten().Dropout(0.2).Linear(options.Classes ?? 1000, name: "fc"));
    }

    private static Value Inception(Value x, string name, long ones, long reduce3, long threes, long reduce5, long fives,
        long pool)
    {
        using var scope = x.Builder.Scope("inception" + name);
        var a = x.ConvNormRelu("branch1", ones, 1);
        var b = x.ConvNormRelu("branch2.0", reduce3, 1).ConvNormRelu("branch2.1", threes, 3, padding: 1);
        var c = x.ConvNormRelu("branch3.0", reduce5, 1).ConvNormRelu("branch3.1", fives, 3, padding: 1);
        var d = x.MaxPool(3, stride: 1, padding: 1).ConvNormRelu("branch4.1", pool, 1);
        return a.Concat(b, c, d);
    }
}
