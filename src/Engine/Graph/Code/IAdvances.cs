namespace Interactive.Graphs;

/// <summary>Something whose answers change from step to step: a graph cannot follow a forward that asks it.</summary>
internal interface IAdvances;
