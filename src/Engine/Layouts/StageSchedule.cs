using Interactive.Memory;

namespace Interactive.Layouts;

/// <summary>
/// What a rank runs for one micro-batch of one of its stages: the steps of the forward, of the backward that the stage
/// before waits for, and of the rest.
/// </summary>
/// <param name="Stage">The stage.</param>
/// <param name="Schedule">All steps, one part after the other.</param>
/// <param name="ForwardEnd">Number after the forward's last step.</param>
/// <param name="BackwardEnd">Number after the backward's last step; what follows are gradients of parameters.</param>
/// <param name="Freed">Values to free once the stage's outputs have been handed over: no backward reads them.</param>
public sealed record StageSchedule(Stage Stage, Schedule Schedule, int ForwardEnd, int BackwardEnd,
    IReadOnlyList<int> Freed);
