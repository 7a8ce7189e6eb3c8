using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Execution;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Memory;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench arena</c>: steps whose tensors are placed in one block against the same steps on malloc.</summary>
internal static class BenchArenaCommand
{
    public static Command Create()
    {
        var command = new Command("arena", "Measures what the step arena gains: time, packed size against the true peak, misses.");
        var model = new ModelArguments(command);
        var rounds = new Option<int>("--rounds") { Description = "measured rounds; both run once a round", DefaultValueFactory = _ => 15 };
        var threads = new Option<int?>("--threads") { Description = "threads of libtorch; default: all cores" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        command.Add(rounds);
        command.Add(threads);
        command.Add(json);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(threads) is { } count) torch.set_num_threads(count);
            var batch = model.Batch(parsed);
            using var graph = model.Create(parsed);
            using var executor = new Executor(graph);
            using var arena = new StepArena();
            var malloc = PairedSteps.Planned("malloc", executor);
            var packed = new Contestant("arena", (x, y) => arena.Run(() => executor.Step(x, y)));
            PairedSteps.Run(graph, batch, parsed.GetValue(rounds), malloc, packed);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {malloc.Median * 1000:F1} ms on malloc, {packed.Median * 1000:F1} ms in the arena: {packed.Against(malloc):F3} (median of paired rounds)"));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"packed {arena.PackedBytes / 1048576.0:F2} MiB, no packing below {arena.LowerBound / 1048576.0:F2}, true peak {malloc.PeakBytes / 1048576.0:F2}; {arena.Hits} hits, {arena.Misses} misses, {arena.Escapes} escapes; {(packed.Bits == malloc.Bits ? "same bits" : "BITS DIFFER")}"));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new
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
                }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }
}
