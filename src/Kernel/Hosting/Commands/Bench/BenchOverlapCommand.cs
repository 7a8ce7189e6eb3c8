using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Kernel.Hosting.Bench;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench overlap -n N --model M --json</c>: how much communication hides behind backward. Under mpirun
/// (over several hosts, say) it measures the ranks that it finds; alone it starts N of its own.
/// </summary>
internal static class BenchOverlapCommand
{
    public static Command Create()
    {
        var ranks = new Option<int?>("--ranks", "-n")
        {
            Description = "how many ranks; default 2, or those of the mpirun that has started this",
        };
        var rounds = new Option<int>("--rounds")
        {
            Description = "measured rounds; each kind of step runs once a round",
            DefaultValueFactory = _ => 5,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "threads of each rank",
            DefaultValueFactory = _ => 1,
        };
        var json = new Option<bool>("--json") { Description = "print one JSON object as the last line" };
        var command = new Command("overlap",
            "How much of the sum of gradients hides behind backward.") { ranks, rounds, threads, json };
        var model = new ModelArguments(command);
        command.SetAction(parsed =>
        {
            AtLeastOne("--ranks", parsed.GetValue(ranks) ?? 2);
            AtLeastOne("--rounds", parsed.GetValue(rounds));
            AtLeastOne("--threads", parsed.GetValue(threads));
            var batch = model.Batch(parsed);
            var many = parsed.GetValue(ranks) ?? 2;
            // wrong names and sizes: one line, not one from every rank
            using (var shapes = model.Create(parsed, shapesOnly: true))
                if (!RanksAgain.IsOne) BudgetArguments.RequireRoom(shapes, batch, many);
            if (!RanksAgain.IsOne) return RanksAgain.Launch(many);

            torch.set_num_threads(parsed.GetValue(threads));
            var world = World.Current;
            using var graph = model.Create(parsed, localRank: world.LocalRank);
            using var steps = new OverlapSteps(world, graph, batch);
            var timing = steps.Run(parsed.GetValue(rounds));
            if (world.Rank != 0) return 0;
            var hosts = world.Hosts.Distinct().Count();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{world.Size} ranks on {hosts} host(s), {graph.Name}: computing {timing.ComputeSeconds * 1e3:F1} ms, reduced after it {timing.SerialSeconds * 1e3:F1} ms, during it {timing.OverlappedSeconds * 1e3:F1} ms, at best {timing.BestSeconds * 1e3:F1} ms: {(timing.HiddenShare is { } share ? $"{share:P1} of what can be hidden is" : "nothing to hide")}; {(timing.SameBits ? "same bits" : "BITS DIFFER")}"));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    ranks = world.Size,
                    hosts,
                    model = graph.Name,
                    image = graph.Input.Shape.ToString(),
                    batch,
                    threads = parsed.GetValue(threads),
                    mpi = World.Library,
                    gradientBytes = steps.GradientBytes,
                    buckets = steps.Buckets,
                    timing.ComputeSeconds,
                    timing.SerialSeconds,
                    timing.OverlappedSeconds,
                    timing.BestSeconds,
                    timing.CommunicationSeconds,
                    timing.HideableSeconds,
                    timing.HiddenShare,
                    timing.SameBits,
                }, JsonSerializerOptions.Web));
            return timing.SameBits ? 0 : 1;
        });
        return command;
    }

    static void AtLeastOne(string option, int given)
    {
        if (given < 1) throw new UsageException($"{option} must be at least 1, got {given}");
    }
}
