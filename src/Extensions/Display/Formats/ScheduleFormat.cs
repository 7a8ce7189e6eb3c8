using Interactive.Extensions.Plots;
using Interactive.Memory;

namespace Interactive.Extensions.Display;

/// <summary>A schedule: how much it runs again and frees, and its steps.</summary>
internal static class ScheduleFormat
{
    private const int MostSteps = 400;

    public static MimeBundle Format(Schedule schedule)
    {
        var runs = schedule.Steps.Where(IsForward).CountBy(s => s.Id).ToList();
        var again = runs.Sum(r => r.Value - 1);
        var summary = $"{schedule.Planner}: {runs.Count} nodes, {again} run again, {schedule.Steps.Count(s => s.Kind == StepKind.Free)} values freed early, {schedule.Steps.Count} steps";
        var steps = new Table(["step", "kind", "id"],
            [.. schedule.Steps.Take(MostSteps)
            .Select((s, i) => (IReadOnlyList<string>)[$"{i}", $"{s.Kind}", $"{s.Id}"])],
            schedule.Steps.Count > MostSteps ? $"{MostSteps} of {schedule.Steps.Count} steps" : null);
        var figure = FigureFormat.Format(ScheduleFigure.Of(schedule));
        return new(new Dictionary<string, object>(figure.Data)
        {
            [Mime.Html] = $"<p>{Table.Encode(summary)}</p>{figure.Data[Mime.Html]}<details><summary>steps</summary>{steps.ToHtml()}</details>",
            [Mime.Text] = summary,
        });
    }

    internal static bool IsForward(Step step) => step.Kind is StepKind.Forward or StepKind.ForwardOnly;
}
