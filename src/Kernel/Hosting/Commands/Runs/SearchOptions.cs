using System.CommandLine;
using Interactive.Kernel.Hosting.Sweeps;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary>What a sweep tries.</summary>
internal sealed class SearchOptions
{
    /// <summary>What a trial's run is called by, and found again: no dimension of a search.</summary>
    public static IReadOnlyList<string> Own { get; } = ["--name", "--out", "--resume", "--no-resume"];

    public readonly Option<string[]> Set = new("--set")
    {
        Description = "what is tried: batch-size=64,128, momentum=0.8..0.99, epochs=int:1..5, learning-rate=log:1e-3..1",
        Required = true,
    };
    public readonly Option<int?> Count = new("--trials")
    {
        Description = "how many trials (default: 10; with --search grid all combinations)",
    };
    public readonly Option<string?> Kind = new("--search")
    {
        Description = "random or grid (default: grid when all are lists and --trials is not given)",
    };
    public readonly Option<int> Seed = new("--seed") { Description = "of the random search", DefaultValueFactory = _ => 1 };

    public SearchOptions() => Kind.AcceptOnlyFromAmong("random", "grid");

    /// <summary>What is varied.</summary>
    /// <exception cref="UsageException">One of them is none, is there twice, or is the sweep's own.</exception>
    public IReadOnlyList<Dimension> Dimensions(ParseResult parsed)
    {
        var dimensions = parsed.GetValue(Set)!.Select(Dimension.Parse).ToList();
        if (dimensions.GroupBy(d => d.Flag).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UsageException($"--set {twice.Key} is given twice");
        if (dimensions.Find(d => Own.Contains($"--{d.Flag}")) is { } taken)
            throw new UsageException($"--set {taken.Text}: a sweep gives its runs their --name, --out and --resume itself");
        if (parsed.GetValue(Count) is < 1)
            throw new UsageException($"--trials {parsed.GetValue(Count)}: at least 1 is needed");
        return dimensions;
    }

    /// <summary>The values of each trial, and whether they are a grid's.</summary>
    /// <exception cref="UsageException">A grid of a range.</exception>
    public (IReadOnlyList<IReadOnlyList<string>> Trials, bool IsGrid) Trials(ParseResult parsed, IReadOnlyList<Dimension> dimensions)
    {
        var count = parsed.GetValue(Count);
        var kind = parsed.GetValue(Kind) ?? (count is null && dimensions.All(d => d.Values.Count > 0) ? "grid" : "random");
        if (kind != "grid") return (Sweeps.Trials.Random(dimensions, count ?? 10, parsed.GetValue(Seed)), false);
        var all = Sweeps.Trials.Grid(dimensions);
        return (count is { } most ? [.. all.Take(most)] : all, true);
    }
}
