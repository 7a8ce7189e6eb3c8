using System.Text.Json;

namespace Interactive.Monitoring;

/// <summary>
/// What a step cost each rank, as a line of <c>ranks.jsonl</c>: medians over the steps since the line before, in seconds, by rank.
/// A run that goes on from a checkpoint adds to the file; of a step that was made again the later line counts.
/// </summary>
/// <param name="Step">The last of the steps.</param>
/// <param name="Own">What the rank did itself, waiting for data included.</param>
/// <param name="Data">Of these, waiting for data.</param>
/// <param name="Wait">Waiting for other ranks and for what they send.</param>
internal sealed record RankTimes(long Step, float[] Own, float[] Data, float[] Wait)
{
    /// <summary>Its name in the run directory.</summary>
    public const string File = "ranks.jsonl";

    private static string PathOf(RunDirectory run) => Path.Combine(run.Path, File);

    /// <summary>Adds a line. A disk that is full ends no training for it.</summary>
    public void AddTo(RunDirectory run)
    {
        try { LineFile.Add(PathOf(run), JsonSerializer.SerializeToUtf8Bytes(this, JsonSerializerOptions.Web)); }
        catch (IOException) { }
    }

    /// <summary>The lines of a run in the order of their steps; what is no line of ours does not count.</summary>
    public static IReadOnlyList<RankTimes> Read(RunDirectory run)
    {
        var read = new List<RankTimes>();
        if (!System.IO.File.Exists(PathOf(run))) return read;
        foreach (var line in System.IO.File.ReadLines(PathOf(run)))
        {
            RankTimes? times;
            try { times = JsonSerializer.Deserialize<RankTimes>(line, JsonSerializerOptions.Web); }
            catch (JsonException) { continue; } // cut while it was written
            if (times is not { Own.Length: > 0, Data: not null, Wait: not null } || times.Data.Length != times.Own.Length || times.Wait.Length != times.Own.Length) continue;
            read.RemoveAll(t => t.Step >= times.Step);
            read.Add(times);
        }
        return read;
    }
}
