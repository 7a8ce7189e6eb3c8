using System.Text;
using System.Text.Json;
using Interactive.Collectives;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Everything a run needs to go on bit for bit, in one safetensors file with a checksum: its parts' tensors and texts (under
/// <c>model.*</c>, <c>optimizer.*</c>, <c>rng.RANK</c>, …) and its position. Tensors are written and read one by one: no second
/// copy of the state is made.
/// </summary>
/// <param name="world">The ranks.</param>
/// <param name="parts">What to keep; names differ.</param>
internal sealed class TrainingState(ICommunicator world, IReadOnlyList<ICheckpointPart> parts)
{
    /// <summary>Writes a checkpoint, on rank 0, up to where it is flushed to the disk and put in its place; collective.</summary>
    /// <returns>The file, or null on the other ranks.</returns>
    /// <exception cref="UsageException">A number of the model is not finite; on every rank, before anything is written.</exception>
    public FileDraft? Save(RunDirectory run, RunPosition position)
    {
        using var scope = NewDisposeScope();
        var tensors = parts.SelectMany(part => part.Tensors().Select(t => t with { Name = $"{part.Name}.{t.Name}" })).OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        var texts = position.ToTexts().Concat(parts.SelectMany(part => part.Texts().Select(t => KeyValuePair.Create($"{part.Name}.{t.Key}", t.Value)))).ToDictionary();
        if (world.Rank == 0)
            return new FileDraft(RunCheckpoint.PathOf(run, position.Step), stream => Safetensors.Write(stream, tensors, texts, withChecksum: true), buffer: 1 << 20);
        foreach (var tensor in tensors) // rank 0 may be asking for this rank's part
        {
            using var own = NewDisposeScope();
            tensor.Read();
        }
        return null;
    }

    /// <summary>Takes everything back from the newest whole checkpoint of a run; collective.</summary>
    /// <param name="run">The run.</param>
    /// <param name="tell">Hears on rank 0, line by line, of damaged checkpoints and of settings that have changed.</param>
    /// <returns>Where the run stood, or null where it has no checkpoint.</returns>
    /// <exception cref="UsageException">All are damaged, or what was kept does not fit; on every rank.</exception>
    public RunPosition? Restore(RunDirectory run, Action<string> tell)
    {
        var (path, problem) = ("", "");
        if (world.Rank == 0)
            try { path = RunCheckpoint.Newest(run, tell) ?? ""; }
            catch (UsageException e) { problem = e.Message; }
        problem = FromRank0(problem);
        if (problem.Length > 0) throw new UsageException(problem);
        path = FromRank0(path);
        if (path.Length == 0) return null;
        using var file = new SafetensorsFile(path);
        foreach (var part in parts)
        {
            var texts = file.Metadata.Where(t => t.Key.StartsWith(part.Name + ".", StringComparison.Ordinal)).ToDictionary(t => t.Key[(part.Name.Length + 1)..], t => t.Value);
            string? note;
            try { note = part.Restore(new SavedTensors(file, part.Name + "."), texts); }
            catch (UsageException e) { throw new UsageException($"{path} does not fit: {e.Message}"); }
            // The checksum was right: another program has written it.
            catch (Exception e) when (e is InvalidDataException or KeyNotFoundException or FormatException or OverflowException or JsonException or ArgumentException)
            {
                throw new UsageException($"{path}: its texts and tensors '{part.Name}.*' are none of this program's: {e.Message.ReplaceLineEndings(" ")}");
            }
            if (note is not null && world.Rank == 0) tell(note);
        }
        return RunPosition.Of(file.Metadata);
    }

    private string FromRank0(string text) => Encoding.UTF8.GetString(world.AllGather(Encoding.UTF8.GetBytes(text))[0]);
}
