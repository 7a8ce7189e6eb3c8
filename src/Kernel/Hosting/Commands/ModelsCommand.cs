using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Models;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive models [--json]</c></summary>
internal static class ModelsCommand
{
    private sealed record Row(string Name, long Parameters, string Input, string Output, int Nodes);

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("models", "Lists the models with their parameters and default input.") { json };
        command.SetAction(parsed =>
        {
            var rows = Zoo.Names.Select(Describe).ToArray();
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { models = rows }, JsonSerializerOptions.Web));
            else Print(rows);
            return 0;
        });
        return command;
    }

    private static Row Describe(string name)
    {
        using var graph = Zoo.Create(name, new ModelOptions { ShapesOnly = true });
        return new(name, graph.ParameterCount, graph.Input.Shape.ToString(), graph.Output.Shape.ToString(),
            graph.Nodes.Count);
    }

    private static void Print(IEnumerable<Row> rows)
    {
        Console.WriteLine($"{"model",-18} {"parameters",13}  {"input",-10} {"output",-10} {"nodes",6}");
        foreach (var r in rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{r.Name,-18} {r.Parameters,13:N0}  {r.Input,-10} {r.Output,-10} {r.Nodes,6}"));
    }
}
