using Interactive.Memory;

namespace Interactive.Layouts;

/// <summary>A stage as it will run: its schedule, and what that costs one micro-batch.</summary>
/// <param name="Schedule">What is run.</param>
/// <param name="Times">Seconds by pass.</param>
/// <param name="ForwardPeak">The most bytes of a micro-batch within its forward, what it is given among them.</param>
/// <param name="KeptBytes">Bytes between forward and backward.</param>
/// <param name="BackwardPeak">The most bytes within its backward.</param>
/// <param name="DeferredBytes">Bytes between the two parts of a backward that is split.</param>
/// <param name="DeferredPeak">The most bytes within its second part.</param>
/// <param name="InputBytes">Bytes that a micro-batch brings from the stage before.</param>
/// <param name="OutputBytes">Bytes that it hands on.</param>
/// <param name="SentBytes">Those of them that the stage lets go once they are sent.</param>
/// <param name="InputGradientBytes">Bytes of gradients that go back.</param>
/// <param name="OutputGradientBytes">Bytes of gradients that come back.</param>
public sealed record StagePlan(StageSchedule Schedule, StageTimes Times, long ForwardPeak, long KeptBytes,
    long BackwardPeak, long DeferredBytes, long DeferredPeak, long InputBytes, long OutputBytes, long SentBytes,
    long InputGradientBytes, long OutputGradientBytes)
{
    /// <summary>Replays a schedule.</summary>
    internal static StagePlan Of(PlanningGraph graph, StageSchedule schedule)
    {
        var stage = schedule.Stage;
        var batch = graph.Profile.Batch;
        var isLast = stage.End == graph.Nodes.Length;
        var parts = new ScheduleSimulator(graph).Parts([.. schedule.Schedule.Steps],
            [schedule.ForwardEnd, schedule.BackwardEnd, schedule.Schedule.Steps.Count], stage.Inputs.Select(v => v.Id),
            stage.Outputs.Select(v => v.Id), schedule.Freed, isLast);
        return new(schedule, new(parts[0].Seconds, parts[1].Seconds, parts[2].Seconds), parts[0].Peak, parts[0].Live,
            parts[1].Peak,
            Math.Max(0, parts[1].Live - stage.Inputs.Where(v => v.NeedsGradient).Sum(v => v.Bytes(batch))),
                parts[2].Peak,
            stage.Inputs.Sum(v => v.Bytes(batch)), stage.Outputs.Sum(v => v.Bytes(batch)),
                stage.Outputs.Where(v => schedule.Freed.Contains(v.Id)).Sum(v => v.Bytes(batch)),
            stage.Inputs.Where(v => v.NeedsGradient).Sum(v => v.Bytes(batch)),
                stage.Outputs.Where(v => v.NeedsGradient).Sum(v => v.Bytes(batch)));
    }
}
