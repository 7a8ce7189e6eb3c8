using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Interactive.Data;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data bench SOURCE [--json]</c></summary>
internal static class DataBenchCommand
{
    private sealed record Result(int Samples, int Workers, string Steps, double Seconds, double SamplesPerSecond,
        double CpuMillisecondsPerSample, double FirstBatchSeconds, double StartSeconds,
        double ReadMilliseconds, double DecodeMilliseconds, double StepsMilliseconds, string Bottleneck);

    public static Command Create()
    {
        var source = DataCommand.Source();
        var steps = DataCommand.StepsOption();
        var workers = new Option<int>("--workers")
        {
            Description = "threads that read, 0 for all cores but one",
            DefaultValueFactory = _ => 0,
        };
        var batch = new Option<int>("--batch") { Description = "pictures of a batch", DefaultValueFactory = _ => 32 };
        var samples = new Option<int>("--samples")
        {
            Description = "pictures to read",
            DefaultValueFactory = _ => 2000,
        };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("bench", "Measures how fast pictures become batches, and what takes the time.") { source, steps, workers, batch, samples, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(batch) < 1 || parsed.GetValue(samples) < 1) throw new UsageException($"--batch and --samples must be at least 1, got {parsed.GetValue(batch)} and {parsed.GetValue(samples)}");
            var data = Dataset.FromImages(parsed.GetValue(source)!);
            var result = Measure(data, parsed.GetValue(steps)!,
                new LoaderOptions(parsed.GetValue(workers), SharesCores: false), parsed.GetValue(batch),
                parsed.GetValue(samples));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
            else
            {
                Console.WriteLine(FormattableString.Invariant($"{result.Samples} pictures by {result.Workers} thread{(result.Workers == 1 ? "" : "s")}: {result.SamplesPerSecond:F0} a second, {result.CpuMillisecondsPerSample:F2} ms of processor time each, first batch after {result.FirstBatchSeconds:F3} s"));
                Console.WriteLine(FormattableString.Invariant($"one picture alone: read {result.ReadMilliseconds:F2} ms, decode {result.DecodeMilliseconds:F2} ms, steps {result.StepsMilliseconds:F2} ms: {result.Bottleneck} takes most"));
            }
            return 0;
        });
        return command;
    }

    private static Result Measure(IDataset<EncodedImage> data, string steps, LoaderOptions options, int batch,
        int samples)
    {
        var pipeline = ImageSteps.Parse(steps);
        var images = data.Images(_ => pipeline.Normalize(ImageNet.Mean, ImageNet.Std));
        var order = new Sampler(data.Count, 1, 1).Order(0);
        var numbers = Enumerable.Range(0, samples).Select(i => order[i % order.Length]).Chunk(batch).ToArray();
        // what is compiled once is not measured
        var start = 0.0; // of the process to its first batch
        foreach (var made in new Loader(images, options).Read(numbers.Take(Math.Min(4, numbers.Length)), 0, 2))
        {
            if (start == 0) start = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
            made.Dispose();
        }
        var (started, cpu, first) = (Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime, 0.0);
        foreach (var made in new Loader(images, options).Read(numbers, 0, 1))
        {
            if (first == 0) first = Stopwatch.GetElapsedTime(started).TotalSeconds;
            made.Dispose();
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var cpuSeconds = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
        var (read, decode, rest) = Stages(data, images, order);
        var bottleneck = read >= decode && read >= rest ? "reading" : decode >= rest ? "decoding" : "the steps";
        return new(samples, options.Threads(), steps, seconds, samples / seconds, 1000 * cpuSeconds / samples, first, start,
            read, decode, rest, bottleneck);
    }

    // Medians of single pictures, one thread: reading, decoding whole, and all of it.
    private static (double Read, double Decode, double Steps) Stages(IDataset<EncodedImage> data, ImageBatches images,
        int[] order)
    {
        const int Looked = 64;
        var (read, decode, all) = (new List<double>(), new List<double>(), new List<double>());
        var plain = data.Images(x => x);
        foreach (var i in order.Take(Looked))
        {
            read.Add(Milliseconds(() => _ = data[i]));
            decode.Add(Milliseconds(() => plain.Sample(i).Dispose()));
            all.Add(Milliseconds(() => images.Sample(i, 0).Dispose()));
        }
        var (r, d, a) = (Median(read), Median(decode), Median(all));
        return (r, Math.Max(0, d - r), Math.Max(0, a - d));
    }

    private static double Milliseconds(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
