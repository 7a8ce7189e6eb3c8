using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>
/// U-Net (Ronneberger et al. 2015) with padded convolutions, batch norm and transposed convolutions: a class per
/// position.
/// </summary>
internal static class UNet
{
    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("unet", options);
        if (options.Image![1] % 16 != 0 || options.Image[2] % 16 != 0)
            throw new GraphException("height and width must be divisible by 16");
        var skips = new Stack<Value>();
        var x = Double(net.Input, "inc", 64);
        long[] widths = [128, 256, 512, 1024];
        for (var i = 0; i < 4; i++)
        {
            skips.Push(x);
            x = Double(x.MaxPool(2), $"down{i + 1}", widths[i]);
        }
        for (var i = 0; i < 4; i++)
        {
            var skip = skips.Pop();
            x = x.ConvTranspose(skip.Shape[0], 2, stride: 2, name: $"up{i + 1}.up");
            x = Double(skip.Concat(x), $"up{i + 1}", skip.Shape[0]);
        }
        return net.Build(x.Conv(options.Classes ?? 2, 1, name: "outc"));
    }

    private static Value Double(Value x, string name, long channels)
        => x.ConvNormRelu(name + ".0", channels, 3, padding: 1, eps: 1e-5).ConvNormRelu(name + ".1", channels, 3,
        padding: 1, eps: 1e-5);
}
