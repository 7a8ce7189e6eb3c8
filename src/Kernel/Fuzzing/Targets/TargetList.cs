namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>All readers that are tried.</summary>
internal static class TargetList
{
    /// <summary>In the order in which they are listed.</summary>
    public static readonly IReadOnlyList<IFuzzTarget> All =
    [
        new SafetensorsTarget(), new ModelTarget(), new CheckpointTarget(), new ProfileTarget(),
        new IdxTarget(".idx"), new IdxTarget(".idx.gz"), new CsvTarget(), new CharactersTarget(), new BytePairsTarget(), new VocabularyTarget(),
        new WordPiecesTarget(), new OnnxTarget(), new WeightsTarget("torch"), new WeightsTarget("weights-index"),
        new SamplesTarget("mds-index"), new SamplesTarget("mds-shard"), new SamplesTarget("mds-classes"), new SamplesTarget("tar"), new SamplesTarget("tar-index"), new SamplesTarget("megatron"),
        new HistoryTarget("history.jsonl"), new HistoryTarget("metrics.jsonl"), new HistoryTarget("trials.jsonl"),
        new RunTarget("metrics.jsonl"), new RunTarget("config.json"), new TraceTarget(),
        new NotebookTarget("ipynb"), new NotebookTarget("dib"), new NotebookTarget("csx"), new ConnectionTarget(), new MessageTarget(), new PackagesTarget(),
    ];

    /// <exception cref="UsageException">There is none of this name.</exception>
    public static IFuzzTarget Find(string name) => All.FirstOrDefault(t => t.Name == name) ?? throw new UsageException($"there is no reader {name}: choose all, {string.Join(", ", All.Select(t => t.Name))}");
}
