using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Models;

/// <summary>What every model file begins with.</summary>
internal static class Start
{
    /// <summary>A builder over the options' image.</summary>
    public static GraphBuilder Image(string name, ModelOptions options)
    {
        if (options.Image!.Rank != 3) throw new GraphException($"expects an image of channels x height x width");
        return new GraphBuilder(name, options.Image, device: Device(options));
    }

    /// <summary>Where parameters are made.</summary>
    public static Device? Device(ModelOptions options) => options.ShapesOnly ? META : null;

    /// <summary>
    /// Convolution without bias, batch norm, rectifier, named <c>conv</c> and <c>bn</c> under <paramref name="name"/>.
    /// </summary>
    public static Value ConvNormRelu(this Value x, string name, long channels, Size2 kernel, Size2? stride = null,
        Size2? padding = null, double eps = 1e-3)
        => x.Conv(channels, kernel, stride, padding, bias: false, name: name + ".conv").BatchNorm(name + ".bn", eps)
        .Relu(name + ".relu");
}
