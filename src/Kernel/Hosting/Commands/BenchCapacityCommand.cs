using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench capacity</c>: the largest batch of each model inside one memory, by planner, without running a kernel.</summary>
internal static class BenchCapacityCommand
{
    private const string Models = "vgg16,resnet50,resnet152,resnet269,inceptionv4,inceptionresnetv2,unet,mobilenet";

    private sealed record Row(string Name, string Image, Dictionary<string, long> Batches, double? Gain, double Seconds);

    public static Command Create()
    {
        var models = new Option<string>("--models") { Description = "models, separated by commas", DefaultValueFactory = _ => Models };
        var memory = new Option<string>("--memory") { Description = "bytes for parameters, gradients, optimiser state, batch and activations", DefaultValueFactory = _ => "16G" };
        var figure = new Option<string?>("--figure") { Description = "draw the bars to a file that ends in .html or .png" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("capacity", "Largest batch inside a fixed memory, by planner, with at most one more forward; from shapes alone.") { models, memory, figure, json };
        command.SetAction(parsed =>
        {
            var bytes = ByteSize.Parse(parsed.GetValue(memory)!);
            if (parsed.GetValue(figure) is { } path) FigureFile.Check(path);
            IPlanner[] planners = [new KeepAllPlanner(), new CheapDropPlanner(), new SegmentsPlanner(), new OptimalPlanner(), new SearchPlanner(TimeSpan.FromSeconds(0.3))];
            var rows = parsed.GetValue(models)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => Measure(name, bytes, planners)).ToList();
            var gains = rows.Select(r => r.Gain).OfType<double>().ToList();
            double? mean = gains.Count > 0 ? Math.Exp(gains.Average(Math.Log)) : null;
            if (mean is not null) Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"best against keep-all: {gains.Max():F2}x at most, {mean:F2}x geometric mean"));
            if (parsed.GetValue(figure) is { } file)
                FigureFile.Write(file, CapacityFigures.Batches([.. rows.Select(r => r.Name)], [.. planners.Select(p => (p.Name, (IReadOnlyList<long>)[.. rows.Select(r => r.Batches[p.Name])]))], bytes));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { memoryBytes = bytes, baseline = "keep-all", profile = "analytic", mostRecomputing = "one forward", models = rows, bestGain = gains.Count > 0 ? gains.Max() : (double?)null, geometricMeanGain = mean }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }

    private static Row Measure(string name, long bytes, IPlanner[] planners)
    {
        using var graph = Zoo.Create(name, new ModelOptions { ShapesOnly = true });
        var started = Stopwatch.GetTimestamp();
        var batches = planners.ToDictionary(p => p.Name, p => Capacity.LargestBatch(graph, bytes, p));
        var all = batches["keep-all"];
        double? gain = all > 0 ? batches.Values.Max() / (double)all : null;
        var row = new Row(name, graph.Input.Shape.ToString(), batches, gain, Stopwatch.GetElapsedTime(started).TotalSeconds);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-18} {row.Image,-12} {string.Join("  ", batches.Select(b => $"{b.Key} {b.Value,5}"))}  {(gain is { } g ? g.ToString("F2", CultureInfo.InvariantCulture) + "x" : "-")}  {row.Seconds:F1} s"));
        return row;
    }
}
