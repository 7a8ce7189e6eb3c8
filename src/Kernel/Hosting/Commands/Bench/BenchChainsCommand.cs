using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Interactive.Memory.Chains;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>
/// <c>interactive bench chains</c>: how long the chain dynamic programme takes, and what its plans promise, by length.
/// </summary>
internal static class BenchChainsCommand
{
    public static Command Create()
    {
        var blocks = new Option<string>("--blocks")
        {
            Description = "lengths, separated by commas; ResNet-1207 has 402 blocks",
            DefaultValueFactory = _ => "50,100,200,402",
        };
        var slots = new Option<int>("--slots")
        {
            Description = "units into which the largest budget is divided",
            DefaultValueFactory = _ => 500,
        };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("chains", "Time of the chain planner for all budgets at once, on chains of uneven blocks with three options each.") { blocks, slots, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(slots) < 1)
                throw new UsageException($"--slots must be at least 1, got {parsed.GetValue(slots)}");
            var rows =
                parsed.GetValue(blocks)!.Split(',').Select(text
                => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n
                : throw new UsageException($"--blocks takes lengths such as 50,100,200, got \"{text}\""))
                .Select(n => Measure(n, parsed.GetValue(slots))).ToList();
            foreach (var row in rows)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Blocks,5} blocks, {row.Slots} slots: {row.Seconds:F2} s ({row.CpuSeconds:F2} s of processor); half the bytes {Share(row.HalfOverhead)}, a twentieth {Share(row.TwentiethOverhead)}"));
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { results = rows }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }

    private sealed record Row(int Blocks, int Slots, double Seconds, double CpuSeconds, double? HalfOverhead,
        double? TwentiethOverhead);

    private static Row Measure(int blocks, int slots)
    {
        var random = new Random(1);
        var chain = new Chain([.. Enumerable.Range(0, blocks).Select(_ =>
        {
            var (forward, output) = (0.5 + random.NextDouble(), random.Next(8_000_000, 32_000_000));
            return new ChainStage(forward, output, 0, output,
            [
                new BlockOption("all", forward, 2 * forward, 3 * output),
                new BlockOption("cheap dropped", forward, 2.1 * forward, 2 * output, 0, output),
                new BlockOption("input only", forward, 3 * forward, output, 2 * output, 2 * output),
            ]);
        })]);
        var all = chain.Stages.Sum(s => s.Options[0].SavedBytes) + chain.Stages.Max(s => 2 * s.GradientBytes);
        var (started, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var planner = new ChainPlanner(chain, all, slots);
        planner.Plan(all);
        var (seconds, cpu) = (Stopwatch.GetElapsedTime(started).TotalSeconds,
            (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        return new Row(blocks, planner.Slots, seconds, cpu, Overhead(all / 2), Overhead(all / 20));

        double? Overhead(long budget)
            => planner.Plan(budget) is { } plan ? plan.Seconds / chain.LeastSeconds - 1 : null;
    }

    private static string Share(double? overhead)
        => overhead is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1}% more time")
        : "impossible";
}
