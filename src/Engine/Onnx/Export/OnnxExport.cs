using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Interactive.Graphs;
using Interactive.Graphs.Tracing;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>
/// Writes a graph as ONNX: it runs twice in evaluation, with batches of two sizes, and each of libtorch's operators
/// that it runs is written as ONNX has it. So whatever runs can be written, the engine's layers and a traced module's
/// operators alike.
/// </summary>
internal static class OnnxExport
{
    private const long First = 2, Second = 3; // batches
    private static readonly HashSet<string> None = [];

    private sealed class Evaluated(Graph graph) : nn.Module<Tensor[], Tensor[]>("evaluated")
    {
        public override Tensor[] forward(Tensor[] inputs) => [.. graph.Forward(inputs)];
    }

    /// <summary>The file's content.</summary>
    /// <exception cref="UsageException">An operator cannot be written; the message names it.</exception>
    public static OnnxModel Make(Graph graph, OnnxExportOptions options)
    {
        if (options.Inputs.Count > 0 && options.Inputs.Count != graph.Inputs.Count
            || options.Outputs.Count > 0 && options.Outputs.Count != graph.Outputs.Count)
            throw new UsageException($"{graph.Name} has {graph.Inputs.Count} inputs and {graph.Outputs.Count} outputs, got {options.Inputs.Count} and {options.Outputs.Count} names");
        if (options.Classes.Count > 0
            && (graph.Output.Shape.Rank == 0 || graph.Output.Shape[0] != options.Classes.Count))
            throw new UsageException($"{graph.Name} gives {graph.Output.Shape}, got the names of {options.Classes.Count} classes");
        var wasTraining = graph.training;
        using var scope = NewDisposeScope();
        using var grad = enable_grad(); // without, some ops run kernels of the engine's, which are no operators
        try
        {
            graph.eval();
            var net = new Evaluated(graph);
            using var first = new ModuleRecording(net, Batch(graph, First), AtenExports.IsSeenInto);
            using var second = new ModuleRecording(net, Batch(graph, Second), AtenExports.IsSeenInto);
            var tensors = new ModuleTensors(graph);
            var steps = new TraceSteps(first, tensors, None);
            var others = new TraceSteps(second, tensors, None, steps);
            var trace = new TraceComparison(steps, others, steps, (First, Second));
            trace.Check();
            var model = new Writing(graph, tensors, trace, options).Run();
            if (options.FoldBatchNorm) BatchNormFolding.Fold(model.Graph);
            return model;
        }
        catch (TraceFailure e) { throw new UsageException($"{graph.Name} cannot be written as ONNX: {e.Message}"); }
        catch (ExternalException e) { throw new UsageException($"{graph.Name} cannot be written as ONNX: {e.Message.Split('\n')[0]}"); }
        finally { graph.train(wasTraining); }
    }

    /// <summary>Numbers at random in the sizes of the inputs; whole ones are 0 or 1.</summary>
    public static Tensor[] Batch(Graph graph, long batch) => [.. graph.Inputs.Select(v =>
    {
        var sizes = v.Shape.WithBatch(batch);
        return (v.Type is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16
            ? randn(sizes).to_type(v.Type) : randint(0, 2, sizes).to_type(v.Type)).to(Devices.Of(graph));
    })];

    private sealed class Writing(Graph graph, ModuleTensors tensors, TraceComparison trace, OnnxExportOptions options)
    {
        private readonly ExportFile file = new();
        private readonly Dictionary<TensorRef, string> names = [];

        public OnnxModel Run()
        {
            file.Model.Graph.Name = graph.Name;
            for (var i = 0; i < graph.Inputs.Count; i++)
            {
                var name = options.Inputs.Count > 0 ? options.Inputs[i]
                    : graph.Inputs.Count == 1 ? "input" : $"input{i + 1}";
                file.Model.Graph.Inputs.Add(new(name, OnnxTypes.Of(graph.Inputs[i].Type),
                    ["batch",
                    .. graph.Inputs[i].Shape.ToArray().Select(s => s.ToString(CultureInfo.InvariantCulture))]));
                names[new(RefKind.Input, i)] = name;
            }
            for (var i = 0; i < trace.First.Steps.Count; i++) Add(i);
            for (var i = 0; i < graph.Outputs.Count; i++)
            {
                var name = options.Outputs.Count > 0 ? options.Outputs[i]
                    : graph.Outputs.Count == 1 ? "output" : $"output{i + 1}";
                var node =
                    new OnnxNode
                    {
                        Name = name,
                        Operator = "Identity",
                        Inputs = [Name(trace.First.Outputs[i])],
                        Outputs = [name],
                    };
                file.Model.Graph.Nodes.Add(node);
                file.Model.Graph.Outputs.Add(new(name, OnnxTypes.Of(graph.Outputs[i].Type),
                    [.. graph.Outputs[i].Extents
                    .Select(e => e.PerSample == 0 ? e.Fixed.ToString(CultureInfo.InvariantCulture)
                    : e == Extent.Batch ? "batch" : $"size{i}")]));
            }
            ExportTidying.Tidy(file.Model.Graph);
            if (options.Classes.Count > 0) file.Model.Metadata["classes"] = JsonSerializer.Serialize(options.Classes);
            if (options.PictureSteps is { } steps) file.Model.Metadata["steps"] = steps;
            if (options.TableColumns is { } columns) file.Model.Metadata["columns"] = columns;
            if (options.Normalisation is { } normalisation)
                file.Model.Metadata["normalisation"] = JsonSerializer.Serialize(normalisation);
            return file.Model;
        }

        private void Add(int index)
        {
            var step = trace.First.Steps[index];
            if (step.GivesBack)
            {
                return;
            }
            if (step.Tensors.Count == 0 && IsSame(index)
                || step.Tensors.Count > 0 && step.Tensors.All(t => t[0].Kind == RefKind.Constant) && IsSame(index))
            {
                for (var part = 0; part < step.Results.Count; part++)
                {
                    using var value = step.Results[part].ToTensor();
                    names[new(RefKind.Result, index, part)] = file.Weight(value, $"constant{index}_{part}");
                }
                return;
            }
            var operation = step.Call!.Name;
            if (step.IsInPlace) operation = operation[..^1];
            if (!AtenExports.Table.TryGetValue(operation, out var write)) throw new UsageException($"{graph.Name} cannot be written as ONNX: there is no counterpart of {operation}");
            var before = file.Model.Graph.Nodes.Count;
            string[] results;
            try { results = write(new ExportCall(file, step, trace.Second.Steps[index], trace, index, [.. step.Tensors.Select(Name)])); }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException or NullReferenceException or InvalidDataException)
            {
                throw new UsageException($"{graph.Name} cannot be written as ONNX: {step.Name} has arguments that are not written ({e.Message.Split('\n')[0]})");
            }
            if (!AtenExports.SpelledOut.Contains(operation))
                foreach (var node in file.Model.Graph.Nodes[before..]) node.Name += OnnxNode.Apart;
            for (var part = 0; part < results.Length; part++) names[new(RefKind.Result, index, part)] = results[part];
        }

        private bool IsSame(int index)
        {
            var (a, b) = (trace.First.Steps[index].Results, trace.Second.Steps[index].Results);
            for (var i = 0; i < a.Count; i++)
            {
                using Tensor first = a[i].ToTensor(), second = b[i].ToTensor();
                if (!TraceComparison.SameNumbers(first, second)) return false;
            }
            return true;
        }

        private string Name(TensorRef[] references)
        {
            foreach (var reference in references)
                if (names.TryGetValue(reference, out var name)) return name;
            var held = references.First();
            if (held.IsFlowing)
                throw new UsageException($"{graph.Name} cannot be written as ONNX: a step reads what none makes");
            var tensor = held.Kind == RefKind.Constant ? trace.First.Constants[held.Index] : tensors.Of(held);
            if (!Enum.IsDefined(tensor.dtype)) return names[held] = ""; // a bias that is left out
            return names[held] = file.Weight(tensor, tensors.NameOf(held));
        }
    }
}
