using System.Text.Json.Serialization;
using Interactive.Runtime;

namespace Interactive.Collectives;

/// <summary>A way to sum over ranks that the library brings; one's own is <see cref="AllReduceOptions.Own"/>.</summary>
[JsonConverter(typeof(TextJson<AllReduceAlgorithm>))]
public sealed record AllReduceAlgorithm : IWrittenAsText<AllReduceAlgorithm>
{
    private AllReduceAlgorithm(string name) => Name = name;

    /// <summary>Each rank passes parts on to the next: the fewest bytes, in many rounds.</summary>
    public static AllReduceAlgorithm Ring { get; } = new("ring");
    /// <summary>Pairs exchange halves of halves: few rounds.</summary>
    public static AllReduceAlgorithm HalvingDoubling { get; } = new("halving-doubling");
    /// <summary>In memory that the ranks of a host share.</summary>
    public static AllReduceAlgorithm Window { get; } = new("window");
    /// <summary>Inside each host, then between hosts.</summary>
    public static AllReduceAlgorithm Hierarchical { get; } = new("hierarchical");
    /// <summary>The MPI library's own.</summary>
    public static AllReduceAlgorithm Mpi { get; } = new("mpi");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<AllReduceAlgorithm> All { get; } = [Ring, HalvingDoubling, Window, Hierarchical, Mpi];

    /// <summary>As it is written on a command line, such as <c>halving-doubling</c>.</summary>
    public string Name { get; }

    /// <summary>Reads a flag's text.</summary>
    /// <exception cref="UsageException">None of that name.</exception>
    public static AllReduceAlgorithm Parse(string text) => All.FirstOrDefault(algorithm => algorithm.Name == text)
        ?? throw new UsageException($"unknown all-reduce algorithm \"{text}\": one of {string.Join(", ", All)}");

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Name;
}
