using System.Globalization;
using Interactive.Memory;

namespace Interactive.Extensions.Display;

/// <summary>
/// A plan: what it promises, above its schedule; a report also sets it beside what it is compared with.
/// </summary>
internal static class PlanFormat
{
    private const double MiB = 1 << 20;

    public static MimeBundle Format(Plan plan) => Above(plan, Promise(plan), null);

    public static MimeBundle Format(PlanReport report)
    {
        IReadOnlyList<string> Row(string name, long peak, double overhead) =>
            [name, Text(peak / MiB, 1), Text(100.0 * peak / report.PlainPeakBytes, 1), Text(100 * overhead, 1)];
        var table = new Table(["", "peak, MiB", "of plain, %", "extra time, %"],
        [
            ["plain autograd", Text(report.PlainPeakBytes / MiB, 1), "100.0", ""],
                Row("keep-all", report.KeepAll.Prediction.PeakBytes, report.KeepAll.Overhead),
            Row(report.Plan.Schedule.Planner, report.Plan.Prediction.PeakBytes, report.Plan.Overhead),
                ["budget", Text(report.BudgetBytes / MiB, 1),
                Text(100.0 * report.BudgetBytes / report.PlainPeakBytes, 1), ""],
        ]);
        return Above(report.Plan, Promise(report.Plan), table);
    }

    private static string Promise(Plan plan) => string.Create(CultureInfo.InvariantCulture,
        $"{plan.Schedule.Planner}: {plan.Prediction.PeakBytes / MiB:F1} MiB at most, {plan.Prediction.Recomputes} nodes run again for {100 * plan.Overhead:F1} % extra time (predicted)");

    private static MimeBundle Above(Plan plan, string promise, Table? table)
    {
        var schedule = ScheduleFormat.Format(plan.Schedule);
        return new(new Dictionary<string, object>(schedule.Data)
        {
            [Mime.Html] = $"<p>{Table.Encode(promise)}</p>{table?.ToHtml()}{schedule.Data[Mime.Html]}",
            [Mime.Text] = table is null ? promise : promise + "\n" + table.ToText(),
        });
    }

    private static string Text(double number, int digits)
        => number.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
