using Interactive.Kernel.Hosting.Tables;
using System.CommandLine;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Memory;
using Interactive.Memory.Planners;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive plan</c>: what a memory budget costs, before anything is trained.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var command = new Command("plan", "Plans a training step under a memory budget: bytes, extra time, what is kept and what runs twice.");
        var model = new ModelArguments(command);
        var budget = new BudgetArguments(command);
        var layouts = new LayoutArguments(command);
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var figure = new Option<string?>("--figure")
        {
            Description = "draw the memory over the step, its tensors and the Pareto curve to a file that ends in .html or .png",
        };
        command.Add(json);
        command.Add(figure);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(figure) is { } path) FigureFile.Check(path);
            if (layouts.IsAsked(parsed)) return layouts.Run(parsed, model, budget.Memory(parsed), parsed.GetValue(json), parsed.GetValue(figure));
            var planners = PlannerList.All();
            budget.Check(parsed);
            var planner = budget.Planner(parsed, planners);
            var batch = model.Batch(parsed);
            using var graph = budget.Create(parsed, model);
            var wanted = budget.Budget(parsed, graph, batch) ?? new MemoryBudget(1, null);
            if (!parsed.GetValue(json))
                foreach (var note in graph.Notes) Console.WriteLine($"note: {note}"); // also where no plan fits
            var facts = budget.Profile(parsed, graph, batch);
            var report = PlanReport.Make(facts, wanted, planner);
            var rivals = planners.Select(p => (p.Name, Plan: p.Name == planner.Name ? report.Plan : p.Make(facts, report.BudgetBytes))).ToArray();
            var pareto = Pareto.Of(facts);
            var fixedBytes = FixedBytes.Of(graph, batch);
            var peak = new ScheduleSimulator(facts).Peak(report.Plan.Schedule);
            var result = JsonSerializer.SerializeToElement(new
            {
                model = model.Model(parsed),
                batch,
                image = graph.Input.Shape.ToString(),
                planner = planner.Name,
                feasible = true,
                budgetBytes = report.BudgetBytes,
                leastBudgetBytes = pareto[0].Prediction.PeakBytes,
                fixedBytes,
                plainPeakBytes = report.PlainPeakBytes,
                keepAllPeakBytes = report.KeepAll.Prediction.PeakBytes,
                predictedPeakBytes = report.Plan.Prediction.PeakBytes,
                peak = peak.Select(s => new { holder = s.Holder, bytes = s.Bytes }),
                predictedOverhead = report.Plan.Overhead,
                planSeconds = report.PlanSeconds,
                profile = facts.Profile.Source,
                notes = graph.Notes.Select(n => n.ToString()),
                pareto = pareto.Select(p => new { budgetBytes = p.Prediction.PeakBytes, overhead = p.Overhead }),
                planners = rivals.Select(r => new { name = r.Name, peakBytes = r.Plan?.Prediction.PeakBytes, overhead = r.Plan?.Overhead }),
            }, JsonSerializerOptions.Web);
            if (parsed.GetValue(figure) is { } file) FigureFile.Write(file, MemoryFigures.Timeline(facts, report.Plan, report.KeepAll, report.BudgetBytes), MemoryFigures.Tensors(facts, report.Plan), PlanFigures.Pareto(result));
            if (parsed.GetValue(json)) Console.WriteLine(result.GetRawText());
            else PlanTables.Print(facts, report, pareto, rivals, peak, fixedBytes);
            return 0;
        });
        return command;
    }
}
