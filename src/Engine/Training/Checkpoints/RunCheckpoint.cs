using System.Globalization;
using Interactive.Monitoring;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Everything a run needs to go on bit for bit, in one safetensors file: <c>model.*</c> (parameters and buffers),
/// <c>optimizer.*</c>, <c>rng.RANK</c> (each rank's generator), and the position in its header.
/// </summary>
internal sealed record RunCheckpoint(long Step, int Epoch, int StepInEpoch, double BestAccuracy)
{
    private const string Extension = ".safetensors";

    public static string PathOf(RunDirectory run, long step) => Path.Combine(run.Checkpoints, $"step-{step:D9}{Extension}");

    /// <summary>Writes atomically. Tensors stay the caller's.</summary>
    public void Write(string path, IReadOnlyDictionary<string, Tensor> tensors)
        => AtomicFile.Write(path, stream => Safetensors.Write(stream, tensors, new Dictionary<string, string>
        {
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["epoch"] = Epoch.ToString(CultureInfo.InvariantCulture),
            ["step_in_epoch"] = StepInEpoch.ToString(CultureInfo.InvariantCulture),
            ["best_accuracy"] = BestAccuracy.ToString("R", CultureInfo.InvariantCulture),
        }));

    /// <summary>The newest whole checkpoint's path, or null.</summary>
    public static string? Newest(RunDirectory run)
        => Files(run).Reverse().FirstOrDefault(path =>
        {
            try { return Safetensors.ReadMetadata(path).ContainsKey("step"); }
            catch (InvalidDataException) { return false; }
        });

    /// <summary>Reads position and tensors; the caller owns the tensors.</summary>
    public static (RunCheckpoint Position, Dictionary<string, Tensor> Tensors) Read(string path)
    {
        var (tensors, header) = Safetensors.Read(path);
        return (new(long.Parse(header["step"]), int.Parse(header["epoch"]), int.Parse(header["step_in_epoch"]),
            double.Parse(header["best_accuracy"], CultureInfo.InvariantCulture)), tensors);
    }

    /// <summary>Deletes all but the newest <paramref name="keep"/>, and what a process that died while writing has left. Only between writes.</summary>
    public static void Prune(RunDirectory run, int keep)
    {
        foreach (var path in Directory.GetFiles(run.Checkpoints, "*.tmp")) File.Delete(path);
        foreach (var path in Files(run).SkipLast(keep)) File.Delete(path);
    }

    private static IEnumerable<string> Files(RunDirectory run)
        => Directory.GetFiles(run.Checkpoints, $"step-*{Extension}").Order(StringComparer.Ordinal);
}
