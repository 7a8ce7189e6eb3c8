using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Models;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench capacity</c>: the largest batch of each model inside one memory, by planner without running a
/// kernel, or really trained.
/// </summary>
internal static class BenchCapacityCommand
{
    private const string Models = "vgg16,resnet50,resnet152,resnet269,inceptionv4,inceptionresnetv2,unet,mobilenet";
    private const string Trained = "resnet50,resnet152,vgg16,unet,gpt,densenet121";
    private const string PyTorch = "pytorch-checkpoint";

    private sealed record Row(string Name, string Image, Dictionary<string, long> Batches, double? Gain,
        double Seconds);

    private sealed record Found(string Model, string Image, string Contestant, int Batch, double? Seconds,
        long? PeakBytes, long? ResidentBytes);

    private static readonly string[] contestants = [.. CapacityTrial.Names, PyTorch];

    public static Command Create()
    {
        var models = new Option<string?>("--models")
        {
            Description = $"models, separated by commas; default {Models}, with --run {Trained}",
        };
        var memory = new Option<string>("--memory")
        {
            Description = "bytes for parameters, gradients, optimiser state, batch and activations; with --run for all that a process holds",
            DefaultValueFactory = _ => "16G",
        };
        var run = new Option<bool>("--run")
        {
            Description = "really train each batch, three steps and an evaluation, in a memory cgroup of that size",
        };
        var among = new Option<string>("--contestants")
        {
            Description = "with --run: who trains",
            DefaultValueFactory = _ => string.Join(',', contestants),
        };
        var image = new Option<string>("--image")
        {
            Description = "with --run: one image as CxHxW",
            DefaultValueFactory = _ => "3x64x64",
        };
        var precision = new Option<double>("--precision")
        {
            Description = "with --run: the share to which a batch is found",
            DefaultValueFactory = _ => 0.08,
        };
        var patience = new Option<double>("--patience")
        {
            Description = "with --run: seconds after which a trial counts as too much",
            DefaultValueFactory = _ => 600,
        };
        var trial = new Option<string?>("--trial")
        {
            Description = "of --run: train one batch of one model, here",
            Hidden = true,
        };
        var batch = new Option<int>("--batch") { Description = "of --trial", Hidden = true };
        var figure = new Option<string?>("--figure")
        {
            Description = "draw the bars to a file that ends in .html or .png",
        };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("capacity", "Largest batch inside a fixed memory, with at most one more forward: by planner from shapes alone, or (--run) really trained.")
        { models, memory, run, among, image, precision, patience, trial, batch, figure, json };
        command.SetAction(parsed =>
        {
            var shape = Image(parsed.GetValue(image)!);
            if (parsed.GetValue(trial) is { } name)
            {
                using var graph = Net(parsed.GetValue(models)!, shape, shapesOnly: false);
                if (CapacityTrial.Run(name, graph, parsed.GetValue(batch)) is not { } result)
                    return CapacitySearch.TooMuch;
                Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
                return 0;
            }
            var bytes = ByteSize.Parse(parsed.GetValue(memory)!);
            var figureFile = parsed.GetValue(figure);
            if (figureFile is not null) FigureFile.Check(figureFile);
            return parsed.GetValue(run)
                ? Train(Names(parsed.GetValue(models) ?? Trained), Who(parsed.GetValue(among)!), bytes, shape,
                Precision(parsed.GetValue(precision)), Patience(parsed.GetValue(patience)), figureFile, parsed.GetValue(json))
                : Plan(Names(parsed.GetValue(models) ?? Models), bytes, figureFile, parsed.GetValue(json));
        });
        return command;
    }

    private static int Train(string[] models, string[] who, long bytes, Shape image, double precision,
        TimeSpan patience, string? figure, bool json)
    {
        if (MemoryGroup.Missing(null) is { } why)
            throw new UsageException($"--run limits processes by memory cgroups: {why}");
        if (bytes > MachineMemory.LimitBytes) throw new UsageException($"--memory {new MemoryLimit(bytes)} is more than there is: {new MemoryLimit(MachineMemory.LimitBytes)}");
        if (who.Contains(PyTorch)) PyTorchPeer.RequireTorch();
        var search = new CapacitySearch(bytes, precision, patience, Console.Error.WriteLine);
        var found = new List<Found>();
        foreach (var model in models)
        {
            using var graph = Net(model, image, shapesOnly: true);
            foreach (var contestant in who)
            {
                var guess = (int)Math.Clamp(Guess(graph, contestant, bytes - Resting), 1, 1 << 20);
                var (most, result) = contestant == PyTorch ? search.OfPyTorch(graph, guess)
                    : search.OfOurs(contestant, graph, ["--models", model, "--image", image.ToString()], guess);
                found.Add(new(model, graph.Input.Shape.ToString(), contestant, most, result?.Seconds,
                    result?.PeakBytes is > 0 and var peak ? peak : null, result?.ResidentBytes));
            }
            Console.Error.WriteLine($"{model,-12} {string.Join("  ", found.Where(f => f.Model == model).Select(f => $"{f.Contestant} {f.Batch}"))}");
        }
        var gains =
            models.Select(m => (Planner: Of(m, "planner"), Plain: Of(m, "plain")))
            .Where(g => g is { Planner: > 0, Plain: > 0 }).Select(g => g.Planner / (double)g.Plain).ToList();
        double? mean = gains.Count > 0 ? Math.Exp(gains.Average(Math.Log)) : null;
        if (mean is not null)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"planner against plain: {gains.Max():F2}x at most, {mean:F2}x geometric mean"));
        if (figure is not null)
            FigureFile.Write(figure,
                CapacityFigures.Batches(models,
                [.. who.Select(c => (c, (IReadOnlyList<long>)[.. models.Select(m => (long)Of(m, c))]))], bytes,
                "really trained"));
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                memoryBytes = bytes,
                mostRecomputing = "one forward",
                results = found,
                bestGain = gains.Count > 0 ? gains.Max() : (double?)null,
                geometricMeanGain = mean
            },
                JsonSerializerOptions.Web));
        return 0;

        int Of(string model, string contestant)
            => found.Find(f => f.Model == model && f.Contestant == contestant)?.Batch ?? 0;
    }

    // Where a search begins: a plan from shapes, or what plain autograd takes of a sample. Trials are dear.
    private static long Guess(Graph graph, string contestant, long room)
    {
        if (contestant == "planner") return Capacity.LargestBatch(graph, room, new OptimalPlanner(), precision: 0.05);
        const int batch = 8;
        var fused = Fusion.Fuse(graph);
        var facts = new PlanningGraph(fused, AnalyticProfile.Of(fused, batch));
        var all = new KeepAllPlanner().Make(facts, long.MaxValue)!.Prediction.PeakBytes / batch;
        return (room - FixedBytes.Of(graph, 1)) / Math.Max(1, contestant switch
        {
            "scoped" => 2 * all,
            PyTorch => all / 3,
            _ => all,
        });
    }

    private const long Resting = 300 << 20; // of a process with libtorch

    private static int Plan(string[] models, long bytes, string? figure, bool json)
    {
        IPlanner[] planners = [new KeepAllPlanner(), new CheapDropPlanner(), new SegmentsPlanner(),
            new OptimalPlanner(), new SearchPlanner(TimeSpan.FromSeconds(0.3))];
        var rows = models.Select(name => Measure(name, bytes, planners)).ToList();
        var gains = rows.Select(r => r.Gain).OfType<double>().ToList();
        double? mean = gains.Count > 0 ? Math.Exp(gains.Average(Math.Log)) : null;
        if (mean is not null)
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"best against keep-all: {gains.Max():F2}x at most, {mean:F2}x geometric mean"));
        if (figure is not null)
            FigureFile.Write(figure,
                CapacityFigures.Batches([.. rows.Select(r => r.Name)],
                [.. planners.Select(p => (p.Name, (IReadOnlyList<long>)[.. rows.Select(r => r.Batches[p.Name])]))],
                bytes));
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                memoryBytes = bytes,
                baseline = "keep-all",
                profile = "analytic",
                mostRecomputing = "one forward",
                models = rows,
                bestGain = gains.Count > 0 ? gains.Max() : (double?)null,
                geometricMeanGain = mean
            },
                JsonSerializerOptions.Web));
        return 0;
    }

    private static Row Measure(string name, long bytes, IPlanner[] planners)
    {
        using var graph = Zoo.Create(name, new ModelOptions { ShapesOnly = true });
        var started = Stopwatch.GetTimestamp();
        var batches = planners.ToDictionary(p => p.Name, p => Capacity.LargestBatch(graph, bytes, p));
        var all = batches["keep-all"];
        double? gain = all > 0 ? batches.Values.Max() / (double)all : null;
        var row = new Row(name, graph.Input.Shape.ToString(), batches, gain,
            Stopwatch.GetElapsedTime(started).TotalSeconds);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-18} {row.Image,-12} {string.Join("  ", batches.Select(b => $"{b.Key} {b.Value,5}"))}  {(gain is { } g ? g.ToString("F2", CultureInfo.InvariantCulture) + "x" : "-")}  {row.Seconds:F1} s"));
        return row;
    }

    // Texts have no image.
    private static Graph Net(string model, Shape image, bool shapesOnly)
    {
        Devices.ManualSeed(1);
        return Zoo.Create(model, new ModelOptions { Image = model == "gpt" ? null : image, ShapesOnly = shapesOnly });
    }

    private static Shape Image(string text)
    {
        try { return Shape.Parse(text); }
        catch (GraphException e) { throw new UsageException($"--image {e.Message}"); }
    }

    private static string[] Names(string text)
        => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string[] Who(string text)
        => Names(text) is { Length: > 0 } names && names.All(contestants.Contains) ? names
        : throw new UsageException($"--contestants {text}: choose among {string.Join(", ", contestants)}");

    private static TimeSpan Patience(double seconds)
        => seconds is >= 1 and <= 1e6 ? TimeSpan.FromSeconds(seconds) : throw new UsageException($"--patience {seconds.ToString(CultureInfo.InvariantCulture)}: seconds, 1 at least");

    private static double Precision(double share)
        => share is >= 0 and < 1 ? share : throw new UsageException($"--precision {share}: a share from 0 to 1");
}
