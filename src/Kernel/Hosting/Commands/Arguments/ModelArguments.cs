using System.CommandLine;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The options by which every command names a model at a size.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string?> model = new("--model")
    {
        Description = "a model's name: see 'interactive models'",
    };
    private readonly Option<string?> script = new("--script")
    {
        Description = "a script whose last line is a net of your own, a Graph or a module, in place of --model",
    };
    private readonly Option<string?> onnx = new("--onnx") { Description = "an ONNX file, in place of --model" };
    private readonly OnnxArguments sizes;
    private readonly Option<int> batch = new("--batch")
    {
        Description = "samples in a batch",
        DefaultValueFactory = _ => 8,
    };
    private readonly Option<string?> image = new("--image")
    {
        Description = "one image as CxHxW; default: the model's own",
    };
    private readonly Option<string> device = new("--device")
    {
        Description = "where it runs: auto, cpu, cuda or cuda:N",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<string> precision = new("--precision")
    {
        Description = "element type of products: fp32 or bf16",
        DefaultValueFactory = _ => "fp32",
    };
    private readonly Option<string> format = new("--memory-format")
    {
        Description = "how pictures lie between input and output: contiguous or channels-last",
        DefaultValueFactory = _ => "contiguous",
    };
    private readonly Option<int?> classes = new("--classes") { Description = "classes; default: the model's own" };

    public ModelArguments(Command command, bool onlyCpu = false)
    {
        command.Add(model);
        command.Add(script);
        command.Add(onnx);
        sizes = new OnnxArguments(command);
        command.Add(batch);
        command.Add(image);
        command.Add(classes);
        command.Add(precision);
        command.Add(format);
        if (!onlyCpu) command.Add(device);
        else device.DefaultValueFactory = _ => "cpu";
    }

    /// <summary>The model's name, or the file name of the script or of the ONNX file.</summary>
    public string Model(ParseResult parsed)
        => (parsed.GetValue(model), parsed.GetValue(script), parsed.GetValue(onnx)) switch
        {
            ({ } name, null, null) => name,
            (null, { } path, null) => Path.GetFileName(path),
            (null, null, { } path) => Path.GetFileName(path),
            (null, null, null) => throw new UsageException("give --model NAME (see 'interactive models'), --script NET.csx or --onnx FILE"),
            _ => throw new UsageException("give one of --model, --script and --onnx"),
        };

    public int Batch(ParseResult parsed)
        => parsed.GetValue(batch) is var size and > 0 ? size
        : throw new UsageException($"--batch must be at least 1, got {parsed.GetValue(batch)}");

    /// <summary>
    /// The model, after a look at its shapes, which tell what it would take. A script runs once, and its net is whole
    /// at once.
    /// </summary>
    public Graph CreateIf(ParseResult parsed, Action<Graph> allows)
    {
        if (parsed.GetValue(script) is null)
            using (var shapes = Create(parsed, shapesOnly: true)) allows(shapes);
        var graph = Create(parsed);
        if (parsed.GetValue(script) is not null) allows(graph);
        return graph;
    }

    public Graph Create(ParseResult parsed, bool shapesOnly = false, int localRank = 0)
    {
        var products = Precision.Parse(parsed.GetValue(precision)!);
        var laid = MemoryFormat.Parse(parsed.GetValue(format)!);
        Shape? shape = null;
        if (parsed.GetValue(image) is { } text)
        {
            try { shape = Shape.Parse(text); }
            catch (GraphException e) { throw new UsageException($"--image {e.Message}"); }
        }
        Devices.ManualSeed(1);
        var name = Model(parsed);
        var graph = parsed.GetValue(script) is { } path ? ScriptNet.Read(path, shape)
            : parsed.GetValue(onnx) is { } file ? Graph.FromOnnx(file, sizes.Read(parsed))
            : Zoo.Create(name,
            new ModelOptions { Image = shape, Classes = parsed.GetValue(classes), ShapesOnly = shapesOnly });
        if (products != Precision.Float32) graph.Precision = products;
        graph.MemoryFormat = laid;
        if (!shapesOnly) graph.to(Devices.Choose(parsed.GetValue(device), localRank));
        return graph;
    }
}
