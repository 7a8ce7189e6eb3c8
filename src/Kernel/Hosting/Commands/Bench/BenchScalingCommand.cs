using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Collectives.Simulation;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Models;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench scaling --simulate 32,128,512 --model resnet50,vgg16 --net 25g</c>: weak scaling with overlap,
/// predicted by replaying the recorded messages of our all-reduce over an alpha-beta network. Computing takes as long
/// as on the GPUs of Horovod's published figures unless <c>--tflops</c> says otherwise.
/// </summary>
internal static class BenchScalingCommand
{
    sealed record Row(string Model, int Ranks, string Net, string Device, double ComputeSeconds, double StepSeconds,
        double Efficiency);

    public static Command Create()
    {
        var simulate = new Option<string>("--simulate")
        {
            Description = "numbers of ranks, powers of two",
            DefaultValueFactory = _ => "32,128,512",
        };
        var model = new Option<string>("--model")
        {
            Description = "models",
            DefaultValueFactory = _ => "resnet50,vgg16",
        };
        var net = new Option<string>("--net")
        {
            Description = "speed of a host's link in Gbit/s",
            DefaultValueFactory = _ => "25g",
        };
        var perHost = new Option<int>("--per-host")
        {
            Description = "ranks that share a host's link",
            DefaultValueFactory = _ => 4,
        };
        var within = new Option<string?>("--within-host")
        {
            Description = "speed in Gbit/s at which the ranks of a host read each other's memory in a hierarchical sum; default: that of the link",
        };
        var wire = new Option<string>("--wire") { Description = "fp32 or bf16", DefaultValueFactory = _ => "fp32" };
        wire.AcceptOnlyFromAmong("fp32", "bf16");
        var bucket = new Option<string>("--bucket-bytes")
        {
            Description = "least bytes of gradients that are reduced together",
            DefaultValueFactory = _ => "4M",
        };
        var latency = new Option<double>("--latency")
        {
            Description = "microseconds of a message",
            DefaultValueFactory = _ => 5,
        };
        var batch = new Option<int>("--batch") { Description = "samples per rank", DefaultValueFactory = _ => 64 };
        var teraflops = new Option<double?>("--tflops")
        {
            Description = "what a rank's device sustains, in 10^12 operations a second; default: a Tesla P100's published images a second for resnet50, resnet152 and vgg16, 5 for other models",
        };
        var measured = new Option<string?>("--measured")
        {
            Description = "a file of lines that 'bench overlap --json' has printed: measured curves for the figure",
        };
        var figure = new Option<string?>("--figure")
        {
            Description = "draw step time and efficiency against ranks to a file that ends in .html or .png",
        };
        var json = new Option<bool>("--json") { Description = "print one JSON object as the last line" };
        var command = new Command("scaling", "Predicts step time and efficiency at many ranks.") { simulate, model, net, perHost, within, wire, bucket, latency, batch, teraflops, measured, figure, json };
        command.SetAction(parsed =>
        {
            var speed = parsed.GetValue(net)!;
            var (micros, samples, sustained) = (parsed.GetValue(latency), parsed.GetValue(batch),
                parsed.GetValue(teraflops));
            if (!(micros >= 0)) throw new UsageException($"--latency {micros}: at least 0 microseconds");
            var sharing = parsed.GetValue(perHost);
            if (sharing < 1 || !int.IsPow2(sharing))
                throw new UsageException($"--per-host {sharing}: a power of two is needed");
            if (samples < 1) throw new UsageException($"--batch {samples}: at least 1");
            if (sustained is { } given && !(given > 0)) throw new UsageException($"--tflops {sustained}: more than 0");
            if (parsed.GetValue(figure) is { } path) FigureFile.Check(path);
            var curves = parsed.GetValue(measured) is { } file ? Measured(file) : [];
            var sums = new SimulatedSums(micros * 1e-6, Bytes("--net", speed), sharing,
                parsed.GetValue(within) is { } inside ? Bytes("--within-host", inside) : Bytes("--net", speed),
                parsed.GetValue(wire) == "bf16");
            var buckets = new ReducerOptions { BucketBytes = ByteSize.Parse(parsed.GetValue(bucket)!) };
            var ranks = parsed.GetValue(simulate)!.Split(',').Select(Ranks).ToList();
            var rows =
                parsed.GetValue(model)!.Split(',')
                .SelectMany(name => Predict(name, ranks, speed, sums, buckets, samples, sustained)).ToList();
            foreach (var row in rows)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{row.Model,-12} {row.Ranks,5} ranks  {row.Net}  {row.Device}  step {row.StepSeconds * 1e3,8:F1} ms  computing {row.ComputeSeconds * 1e3,8:F1} ms  efficiency {row.Efficiency:P1}"));
            if (parsed.GetValue(figure) is { } drawing)
            {
                curves = [.. curves,
                    .. rows.GroupBy(row => row.Model)
                    .Select(group => new ScalingSeries($"{group.Key}, simulated, {ScalingFigures.Speed(speed)}",
                    group.First().ComputeSeconds,
                    [(1, group.First().ComputeSeconds),
                        .. group.Where(row => row.Ranks > 1).OrderBy(row => row.Ranks)
                        .Select(row => (row.Ranks, row.StepSeconds))], IsSimulated: true))];
                FigureFile.Write(drawing, ScalingFigures.Efficiency(curves), ScalingFigures.StepTime(curves));
            }
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    measured = false,
                    batch = samples,
                    teraflops = sustained,
                    perHost = sharing,
                    withinHost = parsed.GetValue(within) ?? speed,
                    wire = parsed.GetValue(wire),
                    bucketBytes = buckets.BucketBytes,
                    latencyMicroseconds = micros,
                    results = rows,
                }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }

    static IEnumerable<Row> Predict(string name, IReadOnlyList<int> ranks, string speed, SimulatedSums sums,
        ReducerOptions buckets, int batch, double? teraflops)
    {
        using var graph = Zoo.Create(name, new ModelOptions { ShapesOnly = true });
        var flops = 3.0 * batch * graph.Nodes.Sum(node => node.Op.Flops(node));
        var (compute, isPublished) = teraflops is { } given ? (flops / (given * 1e12), false)
            : PascalGpu.Step(name, batch, flops);
        var device = teraflops is not null ? $"{teraflops} Tflops" : isPublished ? "P100" : "P100, 5 Tflops assumed";
        var step = Profile(graph, compute, buckets);
        foreach (var size in ranks)
        {
            double AllReduce(long count) => sums.Seconds(size, count);
            yield return new Row(name, size, speed, device, step.Compute, step.Seconds(AllReduce),
                step.Efficiency(AllReduce));
        }
    }

    /// <summary>
    /// A third of the step is forward. Backward shares the rest out by operations, node by node in reverse; a node's
    /// gradients are ready at its end.
    /// </summary>
    static StepPrediction Profile(Graph graph, double compute, ReducerOptions buckets)
    {
        var all = graph.Nodes.Sum(node => (double)node.Op.Flops(node));
        var now = compute / 3;
        var gradients = new List<(double, long)>();
        foreach (var node in graph.Nodes.Reverse())
        {
            now += compute * 2 / 3 * node.Op.Flops(node) / all;
            gradients.AddRange(node.Op.Parameters.Select(parameter => (now, parameter.numel())));
        }
        return StepPrediction.Of(compute, gradients, buckets);
    }

    /// <summary>A curve a model, from the overlapped steps of each number of ranks.</summary>
    static List<ScalingSeries> Measured(string file)
    {
        try
        {
            var runs =
                File.ReadLines(file).Where(line => line.StartsWith('{'))
                .Select(line => JsonDocument.Parse(line).RootElement).Select(run => (
                Model: run.GetProperty("model").GetString()!, Ranks: run.GetProperty("ranks").GetInt32(),
                    Compute: run.GetProperty("computeSeconds").GetDouble(),
                    Step: run.GetProperty("overlappedSeconds").GetDouble())).ToList();
            if (runs.Count == 0) throw new InvalidDataException("there is none");
            return [.. runs.GroupBy(run => run.Model).Select(group => group.OrderBy(run => run.Ranks).ToList())
                .Select(group =>
                new ScalingSeries($"{group[0].Model}, measured", group[0].Compute,
                    [.. group.Select(run => (run.Ranks, run.Step))], IsSimulated: false))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or InvalidDataException or FormatException)
        {
            throw new UsageException($"--measured {file} takes lines that 'bench overlap --json' has printed: {e.Message}");
        }
    }

    static double Bytes(string option, string gigabits) =>
        double.TryParse(gigabits.TrimEnd('g'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value > 0 ? value * 1e9 / 8
        : throw new UsageException($"{option} {gigabits}: a speed in Gbit/s such as 25g is needed");

    static int Ranks(string text) => int.TryParse(text, out var value) && value >= 1 && int.IsPow2(value) ? value
        : throw new UsageException($"--simulate {text}: powers of two such as 32,128,512 are needed");
}
