using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Onnx;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive import FILE.onnx</c>: what becomes of a file's operators.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "an ONNX file" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("import",
            "Makes a graph that trains of an ONNX file, and says what was mapped, fused and folded.") { file, json };
        var sizes = new OnnxArguments(command);
        command.SetAction(parsed =>
        {
            var import = OnnxImport.Read(parsed.GetValue(file)!, sizes.Read(parsed));
            if (parsed.GetValue(json)) Console.WriteLine(Json(import));
            else Print(import);
            return 0;
        });
        return command;
    }

    private static string Json(OnnxImport import) => JsonSerializer.Serialize(new
    {
        name = import.Graph.Name,
        opset = import.Opset,
        producer = import.Producer,
        inputs = import.Inputs.Zip(import.Graph.Inputs, (name, value) => new { name, shape = value.Shape.ToString() }),
        outputs = import.Outputs.Zip(import.Graph.Outputs,
            (name, value) => new { name, shape = value.Shape.ToString() }),
        parameters = import.Graph.ParameterCount,
        nodes = import.Graph.Nodes.Count,
        operators = import.Operators,
        fused = import.Fused,
        folded = import.Folded,
        metadata = import.Metadata,
    }, JsonSerializerOptions.Web);

    private static void Print(OnnxImport import)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{import.Graph.Name}: opset {import.Opset}{(import.Producer.Length > 0 ? $" of {import.Producer}" : "")}, {import.Graph.ParameterCount:N0} parameters"));
        foreach (var (name,
            value) in import.Inputs.Zip(import.Graph.Inputs)) Console.WriteLine($"  takes  {name} {value.Shape}");
        foreach (var (name,
            value) in import.Outputs.Zip(import.Graph.Outputs)) Console.WriteLine($"  gives  {name} {value.Shape}");
        Console.WriteLine($"  mapped {string.Join(", ", import.Operators.Select(o => $"{o.Value} {o.Key}"))}");
        Console.WriteLine($"  fused  {(import.Fused.Count == 0 ? "nothing" : string.Join(", ", import.Fused.Select(f => $"{f.Value} {f.Key}")))}");
        Console.WriteLine($"  folded {import.Folded} nodes that reckon with sizes and constants");
        Console.WriteLine($"  graph  {import.Graph.Nodes.Count} nodes");
    }
}
