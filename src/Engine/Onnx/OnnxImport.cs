using System.Globalization;
using System.Runtime.InteropServices;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>An ONNX file as a graph that trains, and what became of its operators.</summary>
public sealed class OnnxImport
{
    private OnnxImport(Graph graph, OnnxModel model, IReadOnlyDictionary<string, int> operators,
        IReadOnlyDictionary<string, int> fused, int folded)
    {
        (Graph, Opset, Producer, Metadata, Operators, Fused, Folded) = (graph, model.Opset, model.Producer,
            model.Metadata, operators, fused, folded);
        (Inputs, Outputs) = ([.. model.Graph.Inputs.Select(i => i.Name)], [.. model.Graph.Outputs.Select(o => o.Name)]);
    }

    /// <summary>The net, in training mode.</summary>
    public Graph Graph { get; }
    /// <summary>The file's opset.</summary>
    public long Opset { get; }
    /// <summary>Which program wrote the file; may be empty.</summary>
    public string Producer { get; }
    /// <summary>Texts that were kept with the net.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }
    /// <summary>Names of the inputs in the file, in order.</summary>
    public IReadOnlyList<string> Inputs { get; }
    /// <summary>Names of the outputs in the file, in order.</summary>
    public IReadOnlyList<string> Outputs { get; }
    /// <summary>How many nodes of each operator the file has.</summary>
    public IReadOnlyDictionary<string, int> Operators { get; }
    /// <summary>What was spelled out and is one operator now (attention, layer norm), with its number.</summary>
    public IReadOnlyDictionary<string, int> Fused { get; }
    /// <summary>Nodes that only reckon with sizes and constants: the graph has their results.</summary>
    public int Folded { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">An ONNX model of opset 1 to 24; weights beside it are read too.</param>
    /// <param name="options">Default: all weights train.</param>
    /// <exception cref="UsageException">It is damaged, has an operator that is not read (named, with its node), or
    /// leaves sizes free that are not given.</exception>
    public static OnnxImport Read(string path, OnnxOptions? options = null)
    {
        options ??= new();
        var model = OnnxReader.Read(path);
        try
        {
            var operators = model.Graph.Nodes.GroupBy(n => n.Operator).OrderBy(g => g.Key, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => g.Count());
            MadeWeights.Hold(model);
            var fused = OnnxRewriter.Rewrite(model.Graph);
            var examples = Examples(model.Graph, options, batch: 4);
            if (model.Graph.Name.Length == 0) model.Graph.Name = Path.GetFileNameWithoutExtension(path);
            var net = new OnnxNet(model);
            net.Widen(batch => Examples(model.Graph, options, batch));
            foreach (var (name, parameter) in net.named_parameters()) parameter.requires_grad = options.Trains(name);
            var graph = Graph.Trace(net, examples, model.Graph.Name);
            foreach (var example in examples) example.Dispose();
            return new OnnxImport(graph, model, operators, fused, net.Folded.Count);
        }
        catch (Exception e) when (e is InvalidDataException or GraphException or ExternalException or OverflowException)
        {
            throw new UsageException($"{path} cannot be made a graph: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    // The samples come first; words are 0 or 1, which every table has.
    private static Tensor[] Examples(OnnxGraph graph, OnnxOptions options, long batch)
    {
        if (graph.Inputs.Count == 0) throw new InvalidDataException("it has no inputs");
        return [.. graph.Inputs.Select(input =>
        {
            using var scope = NewDisposeScope();
            if (input.Sizes is null or []) throw new InvalidDataException($"its input {input.Name} has no sizes, and the first must be that of the batch");
            long[] sizes = Arrangements.Bounded([batch,
                .. input.Sizes.Skip(1).Select((s, i) => Size(input, s, i + 1, options))]);
            var type = OnnxTypes.ToTorch(input.Type);
            return (type is ScalarType.Float32 or ScalarType.Float64 ? randn(sizes, type)
                : randint(0, 2, sizes).to_type(type)).DetachFromDisposeScope();
        })];
    }

    private static long Size(OnnxValue input, string size, int dimension, OnnxOptions options)
        => long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : options.Sizes.TryGetValue(size, out var given)
            || options.Sizes.TryGetValue(FormattableString.Invariant($"{input.Name}.{dimension}"), out given)
            ? given > 0 ? given : throw new InvalidDataException($"the size {size} must be at least 1, got {given}")
            : throw new InvalidDataException($"its input {input.Name} ({string.Join(" x ", input.Sizes!.Select(s => s.Length > 0 ? s : "?"))}) leaves a size free: give {(size.Length > 0 ? size : FormattableString.Invariant($"{input.Name}.{dimension}"))}, such as 128");
}
