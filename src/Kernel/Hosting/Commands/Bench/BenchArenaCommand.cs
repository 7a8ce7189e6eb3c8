using System.CommandLine;
using System.Globalization;
using Interactive.Execution;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Memory;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench arena</c>: steps whose tensors are placed in one block against the same steps on malloc.
/// </summary>
internal static class BenchArenaCommand
{
    public static Command Create()
    {
        var command = new Command("arena",
            "Measures what the step arena gains: time, packed size against the true peak, misses.");
        var model = new ModelArguments(command, onlyCpu: true);
        var steps = new RoundsArguments(command, rounds: 15);
        command.SetAction(parsed =>
        {
            var rounds = steps.Apply(parsed);
            var batch = model.Batch(parsed);
            using var graph = model.CreateIf(parsed, shapes => BudgetArguments.RequireRoom(shapes, batch));
            using var arena = new StepArena();
            using var executor = new Executor(graph);
            using var inArena = new Executor(graph) { Arena = arena };
            var malloc = PairedSteps.Planned("malloc", executor);
            var packed = PairedSteps.Planned("arena", inArena);
            PairedSteps.Run(graph, batch, rounds, malloc, packed);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {malloc.Median * 1000:F1} ms on malloc, {packed.Median * 1000:F1} ms in the arena: {packed.Against(malloc):F3} (median of paired rounds)"));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"packed {arena.PackedBytes / 1048576.0:F2} MiB, no packing below {arena.LowerBound / 1048576.0:F2}, true peak {malloc.PeakBytes / 1048576.0:F2}; {arena.Hits} hits, {arena.Misses} misses, {arena.Escapes} escapes; {(packed.Bits == malloc.Bits ? "same bits" : "BITS DIFFER")}"));
            steps.Write(parsed, new
            {
                model = model.Model(parsed),
                batch,
                mallocSeconds = malloc.Median,
                arenaSeconds = packed.Median,
                ratio = packed.Against(malloc),
                packedBytes = arena.PackedBytes,
                lowerBoundBytes = arena.LowerBound,
                peakBytes = malloc.PeakBytes,
                hits = arena.Hits,
                misses = arena.Misses,
                escapes = arena.Escapes,
                recordings = arena.Recordings,
                bitIdentical = packed.Bits == malloc.Bits,
            });
            return 0;
        });
        return command;
    }
}
