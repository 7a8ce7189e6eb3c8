using System.Globalization;
using Interactive.Memory;
using Spectre.Console;

namespace Interactive.Kernel.Hosting.Tables;

/// <summary>A plan in tables that a person can read.</summary>
internal static class PlanTables
{
    private const int MostRows = 16;

    public static void Print(PlanningGraph graph, PlanReport report, IReadOnlyList<Plan> pareto,
        IEnumerable<(string Name, Plan? Plan)> planners, IReadOnlyList<PeakShare> peak, long fixedBytes)
    {
        var plain = report.PlainPeakBytes;
        var blocks = New("block", "kept", "dropped", "second runs", "extra time");
        foreach (var b in PlanSummary.Of(graph, report.Plan.Schedule))
            if (b.KeptBytes + b.DroppedBytes > 0 || b.Recomputes > 0)
                blocks.AddRow(b.Block, Size(b.KeptBytes), Size(b.DroppedBytes),
                    b.Recomputes.ToString(CultureInfo.InvariantCulture), Time(b.RecomputeSeconds));
        AnsiConsole.Write(blocks);

        var holders = New("held at the peak", "bytes", "of the peak");
        foreach (var share in peak)
            holders.AddRow(share.Holder, Size(share.Bytes), Share(share.Bytes, report.Plan.Prediction.PeakBytes));
        AnsiConsole.Write(holders);

        var curve = New("budget", "of plain", "extra time");
        var every = Math.Max(1, pareto.Count / MostRows);
        foreach (var p in pareto.Where((_, i) => i % every == 0 || i == pareto.Count - 1))
            curve.AddRow(Size(p.Prediction.PeakBytes), Share(p.Prediction.PeakBytes, plain), Percent(p.Overhead));
        AnsiConsole.Write(curve);

        var rivals = New("planner", "peak", "of plain", "extra time");
        foreach (var (name, plan) in planners)
            if (plan is null) rivals.AddRow(name, "-", "-", "does not fit");
            else rivals.AddRow(name, Size(plan.Prediction.PeakBytes), Share(plan.Prediction.PeakBytes, plain),
                Percent(plan.Overhead));
        AnsiConsole.Write(rivals);

        Console.WriteLine($"plain autograd peaks at {Size(plain)} of activations ({graph.Profile.Source} profile), besides {Size(fixedBytes)} of parameters, gradients, optimiser state and batch");
        Console.WriteLine($"budget {Size(report.BudgetBytes)}: this plan peaks at {Size(report.Plan.Prediction.PeakBytes)} ({Share(report.Plan.Prediction.PeakBytes, plain)} of plain) for {report.Plan.TimeText}, found in {Time(report.PlanSeconds)}");
    }

    private static Table New(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        for (var i = 0; i < columns.Length; i++)
            table.AddColumn(new TableColumn(columns[i])
            {
                Alignment = i == 0 ? Justify.Left
                : Justify.Right, NoWrap = true
            });
        return table;
    }

    private static string Size(long bytes)
        => bytes == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");
    private static string Time(double seconds)
        => seconds == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:F1} ms");
    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:F1} %");
    private static string Share(long bytes, long of) => Percent((double)bytes / of);
}
