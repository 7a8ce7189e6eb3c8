using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Graphs;

namespace Interactive.Training;

/// <summary>
/// Refuses ranks that were given different things, before the first step: with another learning rate or another number of samples on one
/// of them they would train apart, and nobody would be told.
/// </summary>
internal static class RanksAlike
{
    // Those may differ: they are the rank's own, or rank 0's count.
    private static readonly string[] Own = [nameof(TrainerOptions.Device), nameof(TrainerOptions.Threads), nameof(TrainerOptions.Workers), nameof(TrainerOptions.Progress),
        nameof(TrainerOptions.Name), nameof(TrainerOptions.Out)];

    /// <summary>Compares options and what else is named. Collective.</summary>
    /// <param name="world">The ranks.</param>
    /// <param name="options">This rank's.</param>
    /// <param name="others">Names and values, such as the number of samples.</param>
    /// <exception cref="UsageException">They differ; on every rank, with the first difference.</exception>
    public static void Require(ICommunicator world, TrainerOptions options, IEnumerable<(string Name, string Value)> others)
    {
        if (world.Size == 1) return;
        var asked = JsonSerializer.SerializeToElement(options).EnumerateObject().Where(o => !Own.Contains(o.Name)).Select(o => (CommandLine.Flag(o.Name), o.Value.ToString()));
        Require(world, asked.Concat(others));
    }

    /// <summary>Compares names and values. Collective.</summary>
    /// <exception cref="UsageException">They differ; on every rank, with the first difference.</exception>
    public static void Require(ICommunicator world, IEnumerable<(string Name, string Value)> facts)
    {
        if (world.Size == 1) return;
        var all = world.AllGather(JsonSerializer.SerializeToUtf8Bytes(facts.Select(f => new[] { f.Name, f.Value })));
        var first = Facts(all[0]);
        for (var rank = 1; rank < all.Length; rank++)
            foreach (var (expected, given) in Pairs(first, Facts(all[rank])))
                if (expected != given)
                    throw new UsageException($"rank {rank} has {given} and rank 0 has {expected}: every rank is given the same, and takes its own part of each batch itself");
    }

    /// <summary>The parameters of a net with their shapes, and what it is otherwise.</summary>
    public static IEnumerable<(string Name, string Value)> Of(Graph graph)
        => graph.named_parameters().Select(p => ($"the parameter {p.name} of shape", $"[{string.Join(", ", p.parameter.shape)}]{(p.parameter.requires_grad ? "" : ", frozen")}"))
            .Append(("nodes", $"{graph.Nodes.Count} in {graph.Name}"));

    /// <summary>A line where ranks read other numbers from the same place of a data set, or null; on every rank. Collective.</summary>
    public static string? Unlike(ICommunicator world, IBatchSource train, IBatchSource test)
        => Unlike(world, "training set", train) ?? Unlike(world, "evaluation set", test);

    private static string? Unlike(ICommunicator world, string what, IBatchSource source)
    {
        if (world.Size == 1) return null;
        var all = world.AllGather(Digest(source));
        var other = Array.FindIndex(all, digest => !digest.SequenceEqual(all[0]));
        return other < 0 ? null : $"warning: sample 0 of the {what} is another one on rank {other} than on rank 0: give every rank the whole data in the same order, each takes its own part of a batch itself";
    }

    /// <summary>What tells one data set from another, as far as its first sample does.</summary>
    public static byte[] Digest(IBatchSource source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var batch = SampleError.Read(source, [0], null, 0);
        foreach (var (name, tensor) in batch.NamedInputs.Concat(batch.NamedTargets))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {tensor.dtype} {string.Join('x', tensor.shape)}"));
            using var onCpu = tensor.cpu();
            using var flat = onCpu.contiguous();
            hash.AppendData(flat.bytes);
        }
        return hash.GetHashAndReset();
    }

    private static string[] Facts(byte[] json) => [.. JsonSerializer.Deserialize<string[][]>(json)!.Select(f => $"{f[0]} {f[1]}".TrimEnd())];

    private static IEnumerable<(string Expected, string Given)> Pairs(string[] expected, string[] given)
    {
        for (var i = 0; i < Math.Max(expected.Length, given.Length); i++)
            yield return (expected.ElementAtOrDefault(i) ?? "no more", given.ElementAtOrDefault(i) ?? "no more");
    }
}
