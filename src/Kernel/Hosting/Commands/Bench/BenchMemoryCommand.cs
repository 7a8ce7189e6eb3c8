using System.CommandLine;
using System.Globalization;
using Interactive.Execution;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench memory</c>: peak bytes and time of one model, plain, scoped, kept whole and planned, beside
/// PyTorch.
/// </summary>
internal static class BenchMemoryCommand
{
    public static Command Create()
    {
        var command = new Command("memory",
            "Measures peak activation bytes and step time: plain autograd, one dispose scope, keep-all and a plan.");
        var model = new ModelArguments(command);
        var budget = new BudgetArguments(command);
        var steps = new RoundsArguments(command, rounds: 7);
        var peer = new Option<string?>("--peer")
        {
            Description = "pytorch: the same net under torch.utils.checkpoint, where apt's python3-torch is installed",
        };
        command.Add(peer);
        command.SetAction(parsed =>
        {
            var withPeer = parsed.GetValue(peer) switch
            {
                null => false,
                "pytorch" => true,
                var other => throw new UsageException($"unknown peer '{other}': pytorch is the one there is"),
            };
            if (withPeer) PyTorchPeer.RequireTorch();
            var rounds = steps.Apply(parsed);
            budget.Check(parsed);
            var (planner, batch) = (budget.Planner(parsed), model.Batch(parsed));
            using var graph = model.CreateIf(parsed, shapes => BudgetArguments.RequireRoom(shapes, batch));
            var wanted = budget.Budget(parsed, graph, batch);
            var profile = wanted is null && !withPeer ? null : budget.Profile(parsed, graph, batch);
            var report = wanted is { } asked ? PlanReport.Make(profile!, asked, planner) : null;
            using var keepAllExecutor = new Executor(graph,
                profile is null ? null : new KeepAllPlanner().Make(profile, long.MaxValue)!.Schedule);
            using var plannedExecutor = report is null ? null : new Executor(graph, report.Plan.Schedule);
            var plain = PairedSteps.Plain(graph);
            var scoped = PairedSteps.Scoped(graph);
            var keepAll = PairedSteps.Planned("keep-all", keepAllExecutor);
            var planned = plannedExecutor is null ? null : PairedSteps.Planned(planner.Name, plannedExecutor);
            Contestant[] all = planned is null ? [plain, scoped, keepAll] : [plain, scoped, keepAll, planned];
            PairedSteps.Run(graph, batch, rounds, all);

            foreach (var c in all)
                Say($"{c.Name,-10} peak {c.PeakBytes / 1e6,8:F1} MB = {(double)c.PeakBytes / plain.PeakBytes,6:P1} of plain   step {c.Median * 1000,7:F0} ms, {c.Against(plain):F3} of plain   {(c.Bits == plain.Bits ? "same bits" : "BITS DIFFER")}");
            if (report is not null)
                Say($"predicted  peak {report.Plan.Prediction.PeakBytes / 1e6,8:F1} MB, {report.Plan.TimeText}");
            var beside = withPeer ? PeerComparison.Make(PyTorchPeer.Measure(graph, batch, rounds), profile!, planner)
                : null;
            foreach (var line in beside?.Lines ?? []) Say(line);
            var last = planned ?? keepAll;
            steps.Write(parsed, new
            {
                device = Devices.Of(graph).ToString(),
                plain = new { peakBytes = plain.PeakBytes, seconds = plain.Median },
                scoped = new { peakBytes = scoped.PeakBytes, seconds = scoped.Median },
                keepAll = new { peakBytes = keepAll.PeakBytes, seconds = keepAll.Median },
                planned = report is null ? null : new
                {
                    planner = planner.Name,
                    budgetBytes = report.BudgetBytes,
                    predictedPeakBytes = report.Plan.Prediction.PeakBytes,
                    predictedOverhead = report.Plan.Overhead,
                    peakBytes = planned!.PeakBytes,
                    seconds = planned.Median,
                },
                overhead = last.Against(plain) - 1,
                bitIdentical = all.All(c => c.Bits == plain.Bits),
                peer = (object?)beside,
            });
            return 0;
        });
        return command;
    }

    private static void Say(FormattableString line)
        => Console.Error.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
