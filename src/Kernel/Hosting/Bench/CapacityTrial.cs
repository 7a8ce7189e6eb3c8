using System.Diagnostics;
using System.Runtime.InteropServices;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Memory.Planners;
using Interactive.Runtime;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// Trains a batch for three steps and evaluates, in one of several ways: what a process does whose memory is limited,
/// to find out whether it fits.
/// </summary>
internal static class CapacityTrial
{
    private const int Steps = 3;
    private const int AtOnce = 32; // samples of the evaluation, for all contestants

    /// <summary>What a trial took: seconds of its last step, the most bytes of tensors, and of the process.</summary>
    public sealed record Result(double Seconds, long PeakBytes, long ResidentBytes);

    /// <summary>The ways that run here.</summary>
    public static readonly string[] Names = ["plain", "scoped", "keep-all", "planner"];

    /// <summary>Trains; null where memory runs out, or no plan fits that makes at most one more forward.</summary>
    public static Result? Run(string name, Graph graph, int batch)
    {
        try
        {
            graph.train();
            using var executor = name switch
            {
                "planner" => Planned(graph, batch),
                "keep-all" => new Executor(graph),
                _ => null,
            };
            if (name == "planner" && executor is null) return null;
            var contestant = name == "plain" ? PairedSteps.Plain(graph)
                : name == "scoped" ? PairedSteps.Scoped(graph) : PairedSteps.Planned(name, executor!);
            return Train(graph, batch, contestant, name switch
            {
                "plain" => Forward,
                "scoped" => InOneScope,
                _ => x => executor!.Infer(x).Dispose(),
            });
        }
        catch (OutOfMemoryException) { return null; }
        catch (ExternalException e) when (e.Message.Contains("can't allocate memory",
            StringComparison.Ordinal))
        { return null; }

        void Forward(Tensor input)
        {
            using var noGrad = no_grad();
            graph.forward(input).Dispose();
        }

        void InOneScope(Tensor input)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            var values = new Tensor[graph.Nodes.Count + 1];
            values[0] = input;
            foreach (var node in graph.Nodes)
                values[node.Output.Id] = node.Op.Forward([.. node.Inputs.Select(v => values[v.Id])],
                new RunMode(Training: false));
        }
    }

    private static Executor? Planned(Graph graph, int batch)
    {
        var fused = Fusion.Fuse(graph);
        long room;
        try { room = MemoryLimit.Parse("auto").ForActivations(graph, batch); }
        catch (UsageException) { return null; }
        var plan = PlannerList.Find("auto")
            .Make(new PlanningGraph(fused,
            Profiler.Fits(graph, batch) ? ProfileCache.Get(graph, batch) : AnalyticProfile.Cautious(fused, batch)),
            room);
        // a forward is a third of a step
        return plan is null || plan.Prediction.RecomputeSeconds > plan.Prediction.Seconds / 3 ? null
            : new Executor(graph, plan.Schedule);
    }

    private static Result Train(Graph graph, int batch, Contestant contestant, Action<Tensor> evaluate)
    {
        var (input, target) = SyntheticBatch.For(graph, batch);
        using var _ = input;
        using var __ = target;
        using var optimizer = new Sgd();
        var meter = MemoryMeter.Current;
        meter.ResetPeak();
        var seconds = 0.0;
        for (var i = 0; i < Steps; i++)
        {
            var started = Stopwatch.GetTimestamp();
            contestant.Step(input, target);
            optimizer.Step(graph.named_parameters().Select(p => (p.name, p.parameter)), 1e-3);
            using (var scope = NewDisposeScope())
                foreach (var parameter in graph.parameters()) parameter.grad?.zero_();
            seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        graph.eval();
        for (var at = 0; at < batch; at += AtOnce)
            using (var part = input.narrow(0, at, Math.Min(AtOnce, batch - at))) evaluate(part);
        return new(seconds, meter.PeakBytes, MachineMemory.PeakResidentBytes);
    }
}
