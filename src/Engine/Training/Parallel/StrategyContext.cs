using Interactive.Collectives;
using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>What a strategy works with.</summary>
/// <param name="World">The ranks.</param>
/// <param name="Graph">The model.</param>
/// <param name="Executor">Runs it.</param>
/// <param name="Optimizer">Steps it.</param>
/// <param name="Parameters">What is trained, by name.</param>
/// <param name="Device">Where it is.</param>
/// <param name="Seed">Of the run.</param>
public sealed record StrategyContext(ICommunicator World, Graph Graph, Executor Executor, Optimizer Optimizer,
    IReadOnlyList<(string Name, Parameter Parameter)> Parameters, Device Device, ulong Seed);
