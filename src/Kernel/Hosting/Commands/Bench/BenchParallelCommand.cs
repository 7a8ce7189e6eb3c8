using System.CommandLine;
using System.Globalization;
using Interactive.Collectives;
using Interactive.Collectives.Transports;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Layouts;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench parallel -n N --model M --json</c>: training steps under layouts of N ranks and on one rank that
/// works off the same micro-batches, in turn; what was predicted of each beside what was measured.
/// </summary>
internal static class BenchParallelCommand
{
    private const int WarmUps = 2, Patience = 900; // seconds: others wait while rank 0 measures layers and runs alone

    public static Command Create()
    {
        var ranks = new Option<int?>("--ranks", "-n")
        {
            Description = "how many ranks; default 2, or those of the mpirun that has started this",
        };
        var layouts = new Option<string?>("--layouts")
        {
            Description = "layouts with semicolons between; default: gpipe, 1f1b and zb-h1 over all ranks, and shard=linear and tensor where the model takes them",
        };
        var micro = new Option<int>("--micro")
        {
            Description = "micro-batches of every layout and of the one rank",
            DefaultValueFactory = _ => 8,
        };
        var command = new Command("parallel",
            "Training steps under layouts against one rank: seconds, idle time and bytes, predicted and measured.")
        { ranks, layouts, micro };
        var model = new ModelArguments(command, onlyCpu: true);
        var rounds = new RoundsArguments(command, rounds: 5);
        command.SetAction(parsed =>
        {
            var (many, parts, batch) = (parsed.GetValue(ranks) ?? 2, parsed.GetValue(micro), model.Batch(parsed));
            if (many < 1) throw new UsageException($"--ranks must be at least 1, got {many}");
            if (parts < 1) throw new UsageException($"--micro must be at least 1, got {parts}");
            torch.set_num_threads(1); // of each rank, unless --threads says otherwise
            var count = rounds.Apply(parsed);
            if (!RanksAgain.IsOne)
            {
                // what does not fit: one line, not one from every rank
                using (var shapes = model.Create(parsed, shapesOnly: true))
                {
                    foreach (var layout in Asked(many, shapes)) new LayoutSearch(shapes).Plan(layout.Fitted(many, batch), batch, null);
                    One().Fitted(1, batch);
                    BudgetArguments.RequireRoom(shapes, batch, many);
                }
                return RanksAgain.Launch(many, Patience);
            }
            var world = World.Current;
            Layout[] asked;
            using (var shapes = model.Create(parsed, shapesOnly: true)) asked = [.. Asked(world.Size, shapes)];
            var results = Measure(world, () => model.Create(parsed), asked, One(), batch, count);
            if (world.Rank != 0) return 0;
            var (one, cut) = (results[0], results.Skip(1).ToArray());
            foreach (var result in cut) Console.Error.WriteLine(Line(result, one));
            rounds.Write(parsed, new
            {
                ranks = world.Size,
                hosts = world.Hosts.Distinct().Count(),
                model = model.Model(parsed),
                batch,
                micro = parts,
                threads = torch.get_num_threads(),
                mpi = World.Library,
                one = new { seconds = one.Median, predictedSeconds = one.Plan.StepSeconds, activationBytes = one.ActivationBytes[0], predictedActivationBytes = one.Plan.Ranks[0].ActivationPeakBytes },
                layouts = cut.Select(result => new
                {
                    layout = result.Plan.Layout.ToString(),
                    stages = result.Plan.Ranks.Select(r => r.First),
                    seconds = result.Median,
                    predictedSeconds = result.Plan.StepSeconds,
                    faster = result.Faster(one),
                    predictedFaster = one.Plan.StepSeconds / result.Plan.StepSeconds,
                    idleShare = result.IdleShare,
                    predictedIdleShare = result.Plan.IdleShare,
                    activationBytes = result.ActivationBytes,
                    predictedActivationBytes = result.ActivationBytes
                        .Select((_, rank) => result.Plan.Ranks[rank / (result.Plan.Layout.Data * result.Plan.Layout.Tensor)].ActivationPeakBytes),
                    sameBits = SameBits(result, one),
                    lossApart = result.LossApart(one),
                }),
            });
            return cut.All(result => SameBits(result, one) != false) ? 0 : 1;

            Layout One() => Layout.Parse($"pipe=1,micro={parts}");
            IEnumerable<Layout> Asked(int size, Interactive.Graphs.Graph shapes)
                => parsed.GetValue(layouts) is { } given
                ? given.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Cut)
                : new[] { "gpipe", "1f1b", "zb-h1" }.Select(order => Cut($"pipe={size},order={order}"))
                .Concat((size > 1 ? new[] { $"data={size},shard=linear", $"tensor={size}" } : []).Select(Cut).Where(layout => Takes(shapes, layout, size, batch)));

            Layout Cut(string text) => Layout.Parse(text.Contains("micro=") ? text : $"{text},micro={parts}");
        });
        return command;
    }

    private static bool Takes(Interactive.Graphs.Graph shapes, Layout layout, int ranks, int batch)
    {
        try { return new LayoutSearch(shapes).Plan(layout.Fitted(ranks, batch), batch, null) is not null; }
        catch (UsageException) { return false; }
    }

    // In turn, round by round, so that a machine whose speed drifts treats all alike; the ranks that a contestant does
    // not need wait asleep.
    private static List<PipelineSteps.Result> Measure(ICommunicator world, Func<Interactive.Graphs.Graph> model,
        Layout[] layouts, Layout one, int batch, int rounds)
    {
        // of its own: a part of the others' could not be divided further without them
        using var alone = new Communicator(InProcessTransport.Create(1)[0]);
        using var single = world.Rank == 0 ? new PipelineSteps(alone, model(), $"{one}", batch) : null;
        world.Barrier();
        var cut = new List<PipelineSteps>();
        try
        {
            foreach (var layout in layouts) cut.Add(new PipelineSteps(world, model(), $"{layout}", batch));
            for (var round = -WarmUps; round < rounds; round++)
            {
                single?.Run(counts: round >= 0);
                foreach (var steps in cut) steps.Run(counts: round >= 0);
            }
            var first = single?.Conclude();
            PipelineSteps.Result[] others = [.. cut.Select(steps => steps.Conclude())];
            return first is null ? [.. others] : [first, .. others];
        }
        finally { cut.ForEach(steps => steps.Dispose()); }
    }

    // Data ranks and slices add their sums in another order; then there is nothing to compare.
    private static bool? SameBits(PipelineSteps.Result result, PipelineSteps.Result one)
        => result.Plan.Layout is not { Data: 1, Tensor: 1 } || result.Plan.Layout.Micro != one.Plan.Layout.Micro ? null : result.Bits == one.Bits;

    private static string Line(PipelineSteps.Result result, PipelineSteps.Result one)
        => string.Create(CultureInfo.InvariantCulture,
        $"{result.Plan.Layout}: {result.Median * 1e3:F1} ms a step (predicted {result.Plan.StepSeconds * 1e3:F1}), {result.Faster(one):F2} x one rank's {one.Median * 1e3:F1} ms (predicted {one.Plan.StepSeconds / result.Plan.StepSeconds:F2}); ranks wait {result.IdleShare:P1} (predicted {result.Plan.IdleShare:P1}); activations {string.Join(", ", result.ActivationBytes.Select(b => (b / 1048576.0).ToString("F1", CultureInfo.InvariantCulture)))} MiB (predicted {string.Join(", ", result.Plan.Ranks.Select(r => (r.ActivationPeakBytes / 1048576.0).ToString("F1", CultureInfo.InvariantCulture)))}); {(SameBits(result, one) switch { null => $"losses within {result.LossApart(one):E1} of one rank's", true => "same bits", false => "BITS DIFFER" })}");
}
