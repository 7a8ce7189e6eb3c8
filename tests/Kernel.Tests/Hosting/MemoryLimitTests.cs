using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>Runs in memory cgroups that hold only what a budget needs: nothing may be killed.</summary>
[Trait("Speed", "slow")]
public sealed class MemoryLimitTests
{
    // Evaluates after each epoch, saves, and is resumed; few images, for these are slow on a small machine.
    private const string Training = """
        using Interactive.Data; using Interactive.Graphs; using Interactive.Models; using Interactive.Runtime; using Interactive.Training; using TorchSharp;
        using static TorchSharp.torch;
        var options = CommandLine.Parse(Args.Skip(1), new TrainerOptions());
        var graph = Args[0] switch
        {
            "gpt" => Zoo.Create("gpt", new ModelOptions { Context = 64, Vocabulary = 256, Width = 128, Layers = 4, Heads = 4 }),
            "own" => Graph.Trace(new Own(), randn(2, 3, 32, 32)),
            var name => Zoo.Create(name, new ModelOptions { Image = new Shape(3, 32, 32), Classes = 10 }),
        };
        var rest = MachineMemory.ResidentBytes - MemoryMeter.Current.LiveBytes; // of a process that has made a net
        var code = Code();
        var watch = new Watch();
        var trainer = new Trainer(graph, Data(8), Data(8), options, hooks: [watch]);
        trainer.Run();
        Console.WriteLine($"held {MachineMemory.PeakResidentBytes} rest {rest} code {Code() - code} tensors {watch.Peak}");
        trainer.Dispose();

        // Of files, such as libraries' code, which Linux takes back when it likes.
        long Code() => 1024 * long.Parse(System.IO.File.ReadLines("/proc/self/status").Single(l => l.StartsWith("RssFile:"))["RssFile:".Length..].Replace("kB", ""));

        TensorDataset Data(int count)
        {
            var input = graph.Input.Type == ScalarType.Int64 ? randint(0, 256, graph.Input.Shape.WithBatch(count), dtype: ScalarType.Int64) : randn(graph.Input.Shape.WithBatch(count));
            var target = graph.Output.Shape.Rank == 2 ? randint(0, 256, [count, graph.Output.Shape[0]], dtype: ScalarType.Int64) : randint(0, 10, [count, .. graph.Output.Shape.ToArray()[1..]], dtype: ScalarType.Int64);
            return new TensorDataset(input, target);
        }

        class Watch : Hook
        {
            public long Peak;
            public override void AfterStep(Trainer trainer, Interactive.Monitoring.TrainRecord record)
            {
                Peak = Math.Max(Peak, record.PeakBytes);
                Console.WriteLine($"step {record.Step}");
            }
        }

        // A net of one's own, which the graph sees by tracing.
        class Own : nn.Module<Tensor, Tensor>
        {
            readonly nn.Module<Tensor, Tensor> first = nn.Conv2d(3, 64, 3, padding: 1), second = nn.Conv2d(64, 64, 3, padding: 1), norm = nn.BatchNorm2d(64), last = nn.Linear(64, 10);
            public Own() : base("own") => RegisterComponents();
            public override Tensor forward(Tensor x)
            {
                var y = nn.functional.silu(first.call(x));
                for (var i = 0; i < 4; i++) y = y + nn.functional.gelu(norm.call(second.call(y))) * 0.5;
                return last.call(y.mean([2, 3]));
            }
        }
        """;

    /// <summary>
    /// Cold caches, training, evaluation, checkpoints, an end by the kernel's hand, and the rest after --resume, in a
    /// tenth more than the least that was said. Less and less after that: each limit trains well or is refused in one
    /// line, and nothing is ever killed for memory.
    /// </summary>
    [SkippableTheory]
    [InlineData("resnet50", 1)]
    [InlineData("unet", 1)]
    [InlineData("gpt", 1)]
    [InlineData("vgg16", 1)]
    [InlineData("own", 1)]
    [InlineData("own", 2)]
    public void Training_ends_well_inside_its_memory_and_too_little_is_refused(string model, int cgroups)
    {
        Skip.If(MemoryGroup.Missing(cgroups) is not null, MemoryGroup.Missing(cgroups));
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", Training);
        string[] command = ["run", script, model, "--epochs", "2", "--batch-size", "4", "--out",
            Path.Combine(folder.Path, "runs"), "--checkpoint-every", "1"];

        // The refusal tells the least there is; the second one without the compiler, whose bytes would count to the
        // runtime's.
        using (var wide = new MemoryGroup(4L << 30, cgroups))
        {
            Refused(wide, folder.Path, [.. command, "--memory", "100MiB"]);
            var least = Refused(wide, folder.Path, [.. command, "--memory", "100MiB"]);
            using var tight = new MemoryGroup((least + least / 10L) << 20, cgroups);
            string[] within = [.. command, "--memory", "auto"];
            KillAfterACheckpoint(tight.Start(folder.Path, within), folder.Path);
            var (exit, output, error) = MemoryGroup.End(tight.Start(folder.Path, [.. within, "--resume"]));
            Assert.True((exit, tight.Killed) == (0, 0), $"{exit}, {tight.Killed} killed\n{output}{error}");
            Assert.Contains("resuming", output);
            IsHeld(output);

            for (var limit = least * 8 / 10; ; limit = limit * 8 / 10)
            {
                using var narrow = new MemoryGroup((long)limit << 20, cgroups);
                var (ended, said,
                    line) =
                    MemoryGroup.End(narrow.Start(folder.Path, [.. command, "--memory", "auto", "--max-steps", "1"]));
                Assert.True(narrow.Killed == 0, $"killed at {limit} MiB of at least {least}\n{said}{line}");
                if (ended == 0) continue; // the least was of shapes alone, and measuring found a smaller plan
                Assert.True(ended == 2, $"{ended} at {limit} MiB of at least {least}\n{said}{line}");
                IsOneLine(line);
                break;
            }
        }
    }

    /// <summary>Two ranks in one cgroup take half of it each.</summary>
    [SkippableFact]
    public void Ranks_divide_what_a_cgroup_has()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "mpirun.openmpi is not installed");
        Skip.If(MemoryGroup.Missing(null) is not null, MemoryGroup.Missing(null));
        using var folder = new TemporaryFolder();
        var script = folder.Write("train.csx", Training);
        using var group = new MemoryGroup(1100L << 20);
        var (exit, output,
            error) = MemoryGroup.End(group.Start(folder.Path, "launch", "-n", "2", "--mpi", "openmpi", script, "own",
            "--epochs", "1", "--batch-size", "4", "--out", Path.Combine(folder.Path, "runs"), "--memory", "auto"));
        Assert.True((exit, group.Killed) == (0, 0), $"{exit}, {group.Killed} killed\n{output}{error}");
        Assert.Contains("memory 550.0 MiB:", output);
    }

    /// <summary>
    /// A tensor that a cgroup has no room for is an exception, again and again, and the process lives on.
    /// </summary>
    [SkippableFact]
    public void What_does_not_fit_a_cgroup_is_an_exception()
    {
        Skip.If(MemoryGroup.Missing(null) is not null, MemoryGroup.Missing(null));
        using var folder = new TemporaryFolder();
        var script = folder.Write("fill.csx", """
            using TorchSharp;
            using static TorchSharp.torch;
            var meter = Interactive.Runtime.MemoryMeter.Current;
            var held = new List<Tensor>();
            for (var round = 0; round < 3; round++)
            {
                try
                {
                    while (held.Count < 1000) held.Add(ones(2_500_000));
                }
                catch (System.Runtime.InteropServices.ExternalException e) when (e.Message.Contains("allocate")) { Console.WriteLine($"full at {held.Count}"); }
                held.ForEach(t => t.Dispose());
                held.Clear();
            }
            """);
        using var group = new MemoryGroup(700L << 20);
        var (exit, output, error) = MemoryGroup.End(group.Start(folder.Path, "run", script));
        Assert.True((exit, group.Killed) == (0, 0), $"{exit}, {group.Killed} killed\n{output}{error}");
        var counts =
            Regex.Matches(output, @"full at (\d+)")
            .Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(3, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 20, 70)); // of ten megabytes each
    }

    /// <summary>
    /// The process holds no more than what it held at rest, the code that it came to run, its tensors, a tenth of
    /// those, and 64 MiB.
    /// </summary>
    private static void IsHeld(string output)
    {
        var numbers =
            Regex.Match(output, @"held (\d+) rest (\d+) code (-?\d+) tensors (\d+)").Groups.Cast<Group>().Skip(1)
            .Select(g => long.Parse(g.Value, CultureInfo.InvariantCulture)).ToArray();
        var (held, rest, code, tensors) = (numbers[0], numbers[1], numbers[2], numbers[3]);
        Assert.True(held <= rest + Math.Max(0, code) + tensors + tensors / 10 + (64 << 20),
            $"{held >> 20} MiB held, {rest >> 20} at rest, {code >> 20} of code, {tensors >> 20} of tensors");
    }

    private static int Refused(MemoryGroup group, string cache, string[] command)
    {
        var (exit, output, error) = MemoryGroup.End(group.Start(cache, command));
        Assert.True((exit, group.Killed) == (2, 0), $"{exit}, {group.Killed} killed\n{output}{error}");
        IsOneLine(error);
        var least = Regex.Match(error, @"at least ([\d.]+) (MiB|GiB)");
        return (int)Math.Ceiling(double.Parse(least.Groups[1].Value, CultureInfo.InvariantCulture)
            * (least.Groups[2].Value == "GiB" ? 1024 : 1));
    }

    // How far measuring is may be told before, where it takes long, or that it does not fit; libtorch tells what
    // processors lack.
    private static void IsOneLine(string error) => Assert.Single(error.TrimEnd().Split('\n'), line =>
        !line.StartsWith("measuring ", StringComparison.Ordinal) && !line.Contains("is planned from shapes alone")
            && !line.StartsWith("[W", StringComparison.Ordinal));

    // Checkpoints go to the disk beside the steps that follow.
    private static void KillAfterACheckpoint(Process process, string folder)
    {
        using (process)
        {
            var error = process.StandardError.ReadToEndAsync();
            var output = "";
            while (!output.Contains("step 2") && process.StandardOutput.ReadLine() is { } line) output += $"{line}\n";
            var begun = Stopwatch.StartNew();
            while (Directory.GetFiles(folder, "step-*.safetensors", SearchOption.AllDirectories).Length == 0
                && begun.Elapsed < TimeSpan.FromMinutes(1)) Thread.Sleep(20);
            process.Kill();
            process.WaitForExit();
            Assert.True(output.Contains("step 2"), $"{output}{error.Result}");
        }
    }

    /// <summary>
    /// 61 GB of activations: the plan is made from shapes, for measuring cannot fit; and what would run it says so.
    /// </summary>
    [SkippableTheory]
    [InlineData("plan --budget 20% --planner cheap-drop --image 3x224x224 --batch 32")]
    [InlineData("plan --memory 1500MiB --planner optimal --image 3x32x32 --batch 1")]
    [InlineData("bench memory --budget 20% --image 3x224x224 --batch 32")]
    [InlineData("bench arena --image 3x224x224 --batch 32")]
    [InlineData("bench overlap --image 3x224x224 --batch 32")]
    [InlineData("bench deterministic --image 3x224x224 --batch 32")]
    public void A_net_that_does_not_fit_is_answered_or_refused(string command)
    {
        Skip.If(MemoryGroup.Missing(null) is not null, MemoryGroup.Missing(null));
        using var group = new MemoryGroup(2L << 30);
        using var folder = new TemporaryFolder();
        var (exit, output,
            error) =
            MemoryGroup.End(group.Start(folder.Path, [.. command.Split(' '), "--model", "resnet1207", "--json"]));
        Assert.Equal(0, group.Killed);
        Assert.True(exit is 0 or 2, error);
        if (exit == 0) Assert.StartsWith("{", output.TrimEnd().Split('\n')[^1]);
        else IsOneLine(error);
    }

    /// <summary>
    /// What is really trained: the planner's batch is larger than plain autograd's, in a memory that lets neither have
    /// all.
    /// </summary>
    [SkippableFact]
    public void The_largest_batches_are_found_by_training_them()
    {
        Skip.If(MemoryGroup.Missing(null) is not null, MemoryGroup.Missing(null));
        using var wide = new MemoryGroup(4L << 30);
        using var folder = new TemporaryFolder();
        var (exit, output,
            error) =
            MemoryGroup.End(wide.Start(folder.Path, "bench", "capacity", "--run", "--memory", "700M", "--models",
            "mobilenet", "--image", "3x64x64", "--contestants", "plain,planner", "--precision", "0.3", "--json"));
        Assert.True(exit == 0, error);
        var found = JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;
        var batches = found.GetProperty("results").EnumerateArray()
            .ToDictionary(r => r.GetProperty("contestant").GetString()!, r => r.GetProperty("batch").GetInt32());
        Assert.True(batches["plain"] > 0 && batches["planner"] > batches["plain"], error);
        Assert.All(found.GetProperty("results").EnumerateArray(),
            r
            => Assert.InRange(r.GetProperty("residentBytes").GetInt64(), r.GetProperty("peakBytes").GetInt64(),
            700L << 20));
    }

    [Fact]
    public void A_search_begins_at_its_guess_and_ends_between_two_neighbours()
    {
        foreach (var (most, guess) in new[] { (37, 1), (37, 100), (37, 37), (1, 50), (0, 9) })
        {
            var tried = new List<int>();
            var (batch, result) = CapacitySearch.Largest(guess, 0, size =>
            {
                tried.Add(size);
                return size <= most ? new(size, 0, 0) : null;
            });
            Assert.Equal((most, most == 0 ? (double?)null : most), (batch, result?.Seconds));
            Assert.Equal(guess, tried[0]);
            Assert.Equal(tried.Count, tried.Distinct().Count());
        }
    }
}
