using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>The checkpoint files of a run: <c>checkpoints/step-N.safetensors</c>.</summary>
internal static class RunCheckpoint
{
    private const string Extension = ".safetensors";

    public static string PathOf(RunDirectory run, long step)
        => Path.Combine(run.Checkpoints, $"step-{step:D9}{Extension}");

    /// <summary>
    /// The newest whole checkpoint's path, or null where there is none; damaged ones are passed over, and told.
    /// </summary>
    /// <exception cref="UsageException">All are damaged.</exception>
    public static string? Newest(RunDirectory run, Action<string> tell)
    {
        var files = Files(run).Reverse().ToArray();
        foreach (var path in files)
            try
            {
                using var file = new SafetensorsFile(path);
                file.Verify();
                _ = RunPosition.Of(file.Metadata);
                return path;
            }
            catch (InvalidDataException e) { tell($"passing over a damaged checkpoint: {e.Message}"); }
        return files.Length == 0 ? null : throw new UsageException($"all {files.Length} checkpoints of {run.Path} are damaged: begin anew without --resume");
    }

    /// <summary>The step of the newest one, whole or not; null where there is none.</summary>
    public static long? LastStep(RunDirectory run)
        => Files(run).LastOrDefault() is { } path && long.TryParse(Path.GetFileNameWithoutExtension(path)["step-".Length..], out var step) ? step : null;

    /// <summary>
    /// Deletes all but the newest <paramref name="keep"/>, and what a process that died while writing has left. Only
    /// between writes.
    /// </summary>
    public static void Prune(RunDirectory run, int keep)
    {
        foreach (var path in Directory.GetFiles(run.Checkpoints, "*.tmp")) File.Delete(path);
        foreach (var path in Files(run).SkipLast(keep)) File.Delete(path);
    }

    private static IEnumerable<string> Files(RunDirectory run)
        => Directory.GetFiles(run.Checkpoints, $"step-*{Extension}").Order(StringComparer.Ordinal);
}
