using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Execution;
using Interactive.Memory;
using Interactive.Kernel.Hosting.Bench;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench memory</c>: peak bytes and time of one model, plain, scoped, kept whole and planned.</summary>
internal static class BenchMemoryCommand
{
    public static Command Create()
    {
        var command = new Command("memory", "Measures peak activation bytes and step time: plain autograd, one dispose scope, keep-all and a plan.");
        var model = new ModelArguments(command);
        var budget = new BudgetArguments(command);
        var rounds = new Option<int>("--rounds") { Description = "measured rounds; every contestant runs once a round", DefaultValueFactory = _ => 7 };
        var threads = new Option<int?>("--threads") { Description = "threads of libtorch; default: all cores" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        command.Add(rounds);
        command.Add(threads);
        command.Add(json);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(threads) is { } count) torch.set_num_threads(count);
            var (wanted, planner, batch) = (budget.Budget(parsed), budget.Planner(parsed), model.Batch(parsed));
            using var graph = model.Create(parsed);
            var report = wanted is { } asked ? PlanReport.Make(budget.Profile(parsed, graph, batch), asked, planner) : null;
            using var keepAllExecutor = new Executor(graph);
            using var plannedExecutor = report is null ? null : new Executor(graph, report.Plan.Schedule);
            var plain = PairedSteps.Plain(graph);
            var scoped = PairedSteps.Scoped(graph);
            var keepAll = PairedSteps.Planned("keep-all", keepAllExecutor);
            var planned = plannedExecutor is null ? null : PairedSteps.Planned(planner.Name, plannedExecutor);
            Contestant[] all = planned is null ? [plain, scoped, keepAll] : [plain, scoped, keepAll, planned];
            PairedSteps.Run(graph, batch, parsed.GetValue(rounds), all);

            foreach (var c in all)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{c.Name,-10} peak {c.PeakBytes / 1e6,8:F1} MB = {(double)c.PeakBytes / plain.PeakBytes,6:P1} of plain   step {c.Median * 1000,7:F0} ms, {c.Against(plain):F3} of plain   {(c.Bits == plain.Bits ? "same bits" : "BITS DIFFER")}"));
            if (report is not null)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"predicted  peak {report.Plan.Prediction.PeakBytes / 1e6,8:F1} MB, {report.Plan.Overhead:P1} more time"));
            var last = planned ?? keepAll;
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new
                {
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
                    peer = (object?)null,
                }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }
}
