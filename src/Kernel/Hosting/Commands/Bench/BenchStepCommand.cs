using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Interactive.Graphs;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench step</c>: whole training steps, ours, plain TorchSharp's and PyTorch's in each setting, in
/// turn.
/// </summary>
internal static class BenchStepCommand
{
    // A turn takes as many steps as fill this time, the same of each side: a small net's single step would be measured
    // with the caches, the threads and, in .NET, the unoptimised code of one who has just been woken.
    private const double TurnSeconds = 0.2;
    private const int WarmUps = 2, MostSteps = 1000;

    public static Command Create()
    {
        var command = new Command("step", "Measures whole training steps (forward, loss, backward, clipping, optimiser) beside plain TorchSharp and PyTorch.");
        var model = new ModelArguments(command, onlyCpu: true);
        var steps = new RoundsArguments(command, rounds: 7);
        var optimizer = new Option<string>("--optimizer")
        {
            Description = "sgd or adamw",
            DefaultValueFactory = _ => "adamw",
        };
        var peer = new Option<string?>("--peer")
        {
            Description = "pytorch: the same net in each setting of apt's python3-torch",
        };
        command.Add(optimizer);
        command.Add(peer);
        command.SetAction(parsed =>
        {
            var withPeer = parsed.GetValue(peer) switch
            {
                null => false,
                "pytorch" => true,
                var unknown => throw new UsageException($"unknown peer '{unknown}': pytorch is the one there is"),
            };
            if (withPeer) PyTorchPeer.RequireTorch();
            var stepper = parsed.GetValue(optimizer) is "sgd" or "adamw" ? parsed.GetValue(optimizer)! : throw new UsageException($"unknown optimizer '{parsed.GetValue(optimizer)}': choose sgd or adamw, which all sides have");
            var rounds = steps.Apply(parsed);
            var batch = model.Batch(parsed);
            using var graph = model.CreateIf(parsed, shapes => BudgetArguments.RequireRoom(shapes, batch));
            using var twin = model.Create(parsed);
            graph.train();
            twin.train();
            if (graph.Precision.Caution(TorchSharp.torch.CPU) is { } caution) Console.Error.WriteLine(caution);
            var floor = StepFloor.Measure(graph, batch, stepper);
            using var ours = WholeStep.OfEngine(graph, batch, stepper);
            using var plain = WholeStep.OfPlain(twin, batch, stepper);
            using var pytorch = withPeer ? new PyTorchSteps(graph, batch, stepper) : null;

            var (engine, autograd) = (new Side("engine", ours.Run), new Side("plain", plain.Run));
            Side[] theirs = pytorch is null ? []
                : [.. pytorch.Is.Settings
                .Select((name, i) => new Side(name, () => 0) { Elsewhere = count => pytorch.Run(i, count) })];
            Side[] all = [engine, autograd, .. theirs];
            foreach (var side in all) side.Take(1, counts: false);
            var fastest = all.Min(side => side.Take(1, counts: false));
            var turnSteps = (int)Math.Clamp(TurnSeconds / fastest, 1, MostSteps);
            for (var round = -WarmUps; round < rounds; round++)
                foreach (var turn in PairedSteps.Order(round + WarmUps, all.Length)) all[turn].Take(turnSteps, counts: round >= 0);

            var best = theirs.MinBy(s => s.Median);
            Say($"{Processor.Name}, {TorchSharp.torch.get_num_threads()} threads; {model.Model(parsed)}, batch {batch}, {graph.Precision}, {graph.MemoryFormat}, {stepper}; {rounds} rounds in turn{(turnSteps > 1 ? $", {turnSteps} steps each" : "")}, medians (minima)");
            foreach (var side in all)
                Say($"{(theirs.Contains(side) ? "PyTorch " : "")}{side.Name,-30} {side.Median * 1e3,9:F1} ms ({side.Times.Min() * 1e3:F1}), of processors {side.Cpu * 1e3:F1}   {side.Against(engine):F2} of engine's{(side.PeakBytes > 0 ? $"   peak {side.PeakBytes / 1e6:F1} MB" : "")}");
            Say($"floor: products alone {floor.Seconds * 1e3:F1} ms; a copy of the bytes that the rest must move {floor.CopySeconds * 1e3:F1} ms");
            steps.Write(parsed, new
            {
                model = model.Model(parsed),
                batch,
                image = graph.Input.Shape.ToString(),
                precision = graph.Precision.Name,
                memoryFormat = graph.MemoryFormat.Name,
                optimizer = stepper,
                rounds,
                stepsEachRound = turnSteps,
                threads = TorchSharp.torch.get_num_threads(),
                engine = new
                {
                    seconds = engine.Median,
                    leastSeconds = engine.Times.Min(),
                    cpuSeconds = engine.Cpu,
                    peakBytes = engine.PeakBytes
                },
                plain = new
                {
                    seconds = autograd.Median,
                    leastSeconds = autograd.Times.Min(),
                    cpuSeconds = autograd.Cpu,
                    peakBytes = autograd.PeakBytes
                },
                sameFirstLoss = engine.FirstLoss == autograd.FirstLoss,
                peer = best is null ? null : new
                {
                    name = "pytorch",
                    version = pytorch!.Is.Version,
                    blas = pytorch.Is.Blas,
                    allocator = pytorch.Is.Allocator,
                    threads = pytorch.Is.Threads,
                    settings = theirs.Select(s => new
                    {
                        name = s.Name,
                        seconds = s.Median,
                        leastSeconds = s.Times.Min(),
                        cpuSeconds = s.Cpu,
                        ofEngine = s.Against(engine)
                    }),
                    best = new { name = best.Name, seconds = best.Median, ofEngine = best.Against(engine) },
                },
                floor = new { seconds = floor.Seconds, copySeconds = floor.CopySeconds },
                processor = Processor.Name,
            });
            return 0;
        });
        return command;
    }

    private static void Say(FormattableString line)
        => Console.Error.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>One way to make a step, with what was measured of it.</summary>
    private sealed class Side(string name, Func<double> step)
    {
        public string Name => name;
        public List<double> Times { get; } = [];
        public double Median => Durations.Median(Times);
        /// <summary>Seconds of all threads in each step: they count on a machine that others use, too.</summary>
        public List<double> CpuTimes { get; } = [];
        public double Cpu => Durations.Median(CpuTimes);
        /// <summary>
        /// Bytes above those live before the step, of the last round; 0 where nobody counts them here.
        /// </summary>
        public long PeakBytes { get; private set; }
        public double? FirstLoss { get; private set; }
        /// <summary>
        /// Makes so many steps elsewhere and gives their seconds and those of all threads in them; null to make them here.
        /// </summary>
        public Func<int, (double Seconds, double Cpu)>? Elsewhere { get; init; }
        /// <summary>Median over the rounds of this one's time divided by the other's in the same round.</summary>
        public double Against(Side other) => Durations.Median([.. Times.Zip(other.Times, (a, b) => a / b)]);

        /// <summary>Makes so many steps; the seconds of one.</summary>
        public double Take(int steps, bool counts)
        {
            var (seconds, cpu) = Elsewhere is null ? Here(steps) : Elsewhere(steps);
            if (counts)
            {
                Times.Add(seconds / steps);
                CpuTimes.Add(cpu / steps);
            }
            return seconds / steps;
        }

        private (double, double) Here(int steps)
        {
            var meter = MemoryMeter.Current;
            var before = meter.LiveBytes;
            meter.ResetPeak();
            var (begun, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            for (var i = 0; i < steps; i++)
            {
                var loss = step();
                FirstLoss ??= loss;
            }
            var seconds = (Stopwatch.GetElapsedTime(begun).TotalSeconds,
                (Environment.CpuUsage.TotalTime - used).TotalSeconds);
            PeakBytes = meter.PeakBytes - before;
            return seconds;
        }
    }
}
