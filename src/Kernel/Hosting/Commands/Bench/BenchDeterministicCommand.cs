using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Kernel.Hosting.Bench;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench deterministic -n N --model M --batch B --json</c>: what training with <c>--deterministic</c>
/// costs.
/// </summary>
internal static class BenchDeterministicCommand
{
    public static Command Create()
    {
        var ranks = new Option<int?>("--ranks", "-n")
        {
            Description = "how many ranks; default 1, or those of the mpirun that has started this",
        };
        var shards = new Option<int>("--shards")
        {
            Description = "parts of a deterministic step",
            DefaultValueFactory = _ => new TrainerOptions().Shards,
        };
        var steps = new Option<int>("--steps")
        {
            Description = "measured steps of a run",
            DefaultValueFactory = _ => 5,
        };
        var rounds = new Option<int>("--rounds")
        {
            Description = "runs of each kind, in turn",
            DefaultValueFactory = _ => 3,
        };
        var threads = new Option<int>("--threads")
        {
            Description = "threads of each rank",
            DefaultValueFactory = _ => 1,
        };
        var json = new Option<bool>("--json") { Description = "print one JSON object as the last line" };
        var command = new Command("deterministic", "What training with the same bits at any number of ranks costs.") { ranks, shards, steps, rounds, threads, json };
        var model = new ModelArguments(command, onlyCpu: true);
        command.SetAction(parsed =>
        {
            foreach (var option in new[] { shards, steps, rounds, threads })
                if (parsed.GetValue(option) < 1)
                    throw new UsageException($"{option.Name} must be at least 1, got {parsed.GetValue(option)}");
            if (parsed.GetValue(ranks) is < 1)
                throw new UsageException($"--ranks must be at least 1, got {parsed.GetValue(ranks)}");
            var (batch, parts) = (model.Batch(parsed), parsed.GetValue(shards));
            if (batch % parts != 0) throw new UsageException($"--batch {batch} must be divisible by {parts} shards");
            var many = parsed.GetValue(ranks) ?? 1;
            // wrong names and sizes: one line, not one from every rank
            using (var shapes = model.Create(parsed, shapesOnly: true))
                if (!RanksAgain.IsOne) BudgetArguments.RequireRoom(shapes, batch, many);
            if (many > 1 && !RanksAgain.IsOne) return RanksAgain.Launch(many);

            var world = World.Current;
            var seconds = DeterministicSteps.Measure(world, () => model.Create(parsed), batch, parts,
                parsed.GetValue(threads), parsed.GetValue(steps), parsed.GetValue(rounds));
            if (world.Rank != 0) return 0;
            var cost = seconds.DeterministicSeconds / seconds.PlainSeconds - 1;
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{world.Size} rank(s), {model.Model(parsed)}, {batch} samples a step: {seconds.PlainSeconds * 1e3:F1} ms, deterministic in {parts} shards {seconds.DeterministicSeconds * 1e3:F1} ms: {cost:P1} more"));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(
                    new
                    {
                        ranks = world.Size,
                        model = model.Model(parsed),
                        batch,
                        shards = parts,
                        threads = parsed.GetValue(threads),
                        seconds.PlainSeconds,
                        seconds.DeterministicSeconds,
                        cost
                    },
                        JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }
}
