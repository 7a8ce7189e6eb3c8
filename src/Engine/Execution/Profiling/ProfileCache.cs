using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Runtime;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// Measured profiles on disk, in the cache folder: one file for a graph (<see cref="ProfileText"/>), objective, batch,
/// number of threads, device, processor and version of libtorch. Files are written whole or not at all.
/// </summary>
public static class ProfileCache
{
    /// <summary>The profile from disk, or a measured one, which is then kept.</summary>
    /// <param name="graph">The model as the user built it.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="objective">What is minimised; default: softmax cross-entropy.</param>
    /// <param name="fresh">Measure even where a profile is kept.</param>
    /// <exception cref="OutOfMemoryException">Measuring takes more than there is.</exception>
    public static Profile Get(Graph graph, long batch, IObjective? objective = null, bool fresh = false)
    {
        objective ??= new CrossEntropy();
        var path = PathOf(graph, batch, objective);
        if (!fresh && Read(path) is { } kept && kept.Nodes.Count == Fusion.Fuse(graph).Nodes.Count) return kept;
        Profile profile;
        try { profile = Profiler.Measure(graph, batch, objective, progress: ProfilingProgress.Begin(graph, batch)); }
        catch (ExternalException e) when (AllocationFailure.Is(e))
        {
            throw AllocationFailure.Explained(e,
            $"measuring {graph.Name} with {batch} samples");
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, profile));
        }
        catch (IOException) { } // a full disk costs only the next measurement
        return profile;
    }

    /// <summary>A kept profile; null where there is none, or one that is damaged.</summary>
    public static Profile? Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<Profile>(file) is
            {
                Batch: > 0, Loss: >= 0
                and < double.PositiveInfinity, LossWorkspace: >= 0, PlainPeakBytes: null or >= 0, Nodes: not null
            } kept
                && kept.Nodes.All(IsSound) ? kept : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException) { return null; }
    }

    private static bool IsSound(NodeProfile? node)
    {
        if (node is not { Name: not null, OutputBytes: >= 0, ExtraBytes: >= 0, ForwardWorkspace: >= 0, RecomputeWorkspace: >= 0, BackwardWorkspace: >= 0, ParameterWays: not null, InputWays: not null }) return false;
        return node.ParameterWays.Concat(node.InputWays)
            .All(way => way is { Number: >= 0, Workspace: >= 0, Seconds: >= 0 and < double.PositiveInfinity })
            && new[] { node.Forward, node.Recompute, node.Backward }.All(
            seconds => seconds is >= 0 and < double.PositiveInfinity);
    }

    // Which sums have autograd's bits depends on the kernels that a processor gets, and a home folder may serve several
    // machines.
    private static string PathOf(Graph graph, long batch, IObjective objective)
    {
        var text =
            new StringBuilder().Append(TorchLoader.LibtorchVersion).Append(' ').Append(Layout).Append(' ').Append(batch)
            .Append(' ').Append(get_num_threads()).Append(' ').Append(Devices.Of(graph)).Append(' ')
            .Append(Processor.Name).Append(' ').Append(objective.Name).Append('\n');
        if (Environment.GetEnvironmentVariable(TorchLoader.Variable) is { Length: > 0 } other)
            text.Append(other).Append('\n');
        ProfileText.Write(graph, text);
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..20];
        return Path.Combine(CacheFolder.Find(), "profiles", $"{graph.Name}-{batch}-{key}.json");
    }

    /// <summary>Raised when what a profile means changes.</summary>
    private const int Layout = 14;
}
