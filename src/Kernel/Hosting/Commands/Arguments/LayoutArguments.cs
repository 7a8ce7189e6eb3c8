using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Plots;
using Interactive.Layouts;
using Interactive.Memory;
using Spectre.Console;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The options by which <c>interactive plan</c> divides a model among ranks, and what it answers.</summary>
internal sealed class LayoutArguments
{
    private const int Alternatives = 8;

    private readonly Option<int?> ranks = new("--ranks")
    {
        Description = "divide the model among so many ranks, each of --memory bytes",
    };
    private readonly Option<string> layout = new("--layout")
    {
        Description = "with --ranks: auto, parts of data=2,pipe=2,order=1f1b,micro=8, data=2,tensor=2 or data=2,shard=linear",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<string?> stages = new("--stages")
    {
        Description = "with --layout: first layers of the stages from the second on",
    };
    private readonly Option<int> zero = new("--zero")
    {
        Description = "with --ranks: what data ranks divide, as in training: 1, 2 or 3; default 0: nothing",
    };
    private readonly Option<string?> net = new("--net")
    {
        Description = "with --ranks: speed of a link between two ranks, such as 1gbit; default: memory that they share",
    };

    public LayoutArguments(Command command)
    {
        command.Add(ranks);
        command.Add(layout);
        command.Add(stages);
        command.Add(zero);
        command.Add(net);
    }

    /// <summary>Whether the model is to be divided.</summary>
    public bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(ranks) is { } count)
            return count >= 1 ? true : throw new UsageException($"--ranks must be at least 1, got {count}");
        foreach (var option in new Option[] { layout, stages, zero, net })
            if (parsed.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name} needs --ranks");
        return false;
    }

    /// <summary>Plans and prints.</summary>
    public int Run(ParseResult parsed, ModelArguments model, string? memory, bool json, string? figure)
    {
        var (count, batch) = (parsed.GetValue(ranks)!.Value, model.Batch(parsed));
        long? bytes = memory is null ? null
            : MemoryBudget.Parse(memory).Bytes
            ?? throw new UsageException($"--memory {memory}: a size such as 300MiB for each rank");
        var speed = parsed.GetValue(net) is { } text ? LayoutSearch.Speed(text) : (double?)null;
        using var graph = model.Create(parsed, shapesOnly: true);
        var shards = new Shards(parsed.GetValue(zero), OneHost: speed is null);
        var search = speed is { } given ? new LayoutSearch(graph, bytesPerSecond: given, shards: shards)
            : new LayoutSearch(graph, shards: shards);
        var plans = parsed.GetValue(layout) is var wanted && wanted == "auto" ? search.All(count, batch, bytes)
            : [search.Plan(Layouts.Layout.Parse(wanted!, parsed.GetValue(stages) ?? "").Fitted(count, batch), batch,
            bytes)];
        if (plans.Count == 0)
        {
            var least = new MemoryLimit(search.LeastBytes(count, batch, bytes!.Value));
            var more = search.LeastRanks(count, batch, bytes.Value) is { } enough
                ? $", or {enough} ranks of {new MemoryLimit(bytes.Value)}" : "";
            if (shards.Level == 0 && new LayoutSearch(graph, shards: shards with { Level = 3 }).All(count, batch, bytes) is [var divided, ..])
                more += $", or --zero 3 with --layout {divided.Layout}";
            throw new UsageException($"no layout of {count} ranks of {new MemoryLimit(bytes.Value)} holds {graph.Name} with a batch of {batch}: about {least} on each rank would do{more}");
        }
        if (figure is not null) FigureFile.Write(figure, PipelineFigures.Step(plans[0]));
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(Answer(model.Model(parsed), batch, count, shards.Level, bytes, plans),
            JsonSerializerOptions.Web));
        else Print(plans, bytes);
        return 0;
    }

    private static object Answer(string model, int batch, int ranks, int zero, long? bytes, IReadOnlyList<LayoutPlan> plans)
        => new
        {
            model,
            batch,
            ranks,
            layout = plans[0].Layout.ToString(),
            zero,
            memoryBytes = bytes,
            feasible = true,
            leastMemoryBytes = plans.Min(p => p.PeakBytes),
            stepSeconds = plans[0].StepSeconds,
            idleShare = plans[0].IdleShare,
            perRank = plans[0].Ranks.Select(r => new
            {
                rank = r.Rank,
                first = r.First,
                end = r.End,
                fixedBytes = r.FixedBytes,
                activationPeakBytes = r.ActivationPeakBytes,
                peakBytes = r.PeakBytes,
                computeSeconds = r.ComputeSeconds,
                sentBytes = r.SentBytes
            }),
            alternatives = plans.Skip(1).Take(Alternatives)
            .Select(p => new
            {
                layout = p.Layout.ToString(),
                stepSeconds = p.StepSeconds,
                idleShare = p.IdleShare,
                peakBytes = p.PeakBytes
            }),
        };

    private static void Print(IReadOnlyList<LayoutPlan> plans, long? bytes)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("stage's rank", "layers", "fixed", "activations",
            "sends a step");
        foreach (var rank in plans[0].Ranks)
            table.AddRow(rank.Rank.ToString(CultureInfo.InvariantCulture), $"{rank.First} .. {rank.End}",
                Size(rank.FixedBytes), Size(rank.ActivationPeakBytes), Size(rank.SentBytes));
        AnsiConsole.Write(table);
        foreach (var other in plans.Skip(1).Take(Alternatives))
            Console.WriteLine($"  {other.Layout}: {Seconds(other)}, {Size(other.PeakBytes)}");
        Console.WriteLine($"{plans[0].Layout}: {Seconds(plans[0])}, ranks wait {plans[0].IdleShare * 100:F1} % of it, {Size(plans[0].PeakBytes)} on the fullest rank{(bytes is { } limit ? $" of {Size(limit)}" : "")} (analytic profile)");
    }

    private static string Seconds(LayoutPlan plan)
        => string.Create(CultureInfo.InvariantCulture, $"a step of {plan.StepSeconds * 1e3:F1} ms");
    private static string Size(long bytes) => new MemoryLimit(bytes).ToString();
}
