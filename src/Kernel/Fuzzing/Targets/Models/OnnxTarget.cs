using Interactive.Graphs;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>ONNX files.</summary>
internal sealed class OnnxTarget : IFuzzTarget
{
    public string Name => "onnx";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "net.onnx");
        var net = new GraphBuilder("net", new Shape(3, 8, 8));
        using var graph =
            net.Build(net.Input.Conv(4, 3, padding: 1).BatchNorm().Relu().AdaptiveAvgPool(1).Flatten().Linear(2));
        graph.ToOnnx(path);
        return path;
    }

    public void Read(string path) => Graph.FromOnnx(path).Dispose();
}
