namespace Interactive.Layouts;

/// <summary>Writes a rank's actions; the micro-batches of each pass and chunk ascend by themselves.</summary>
internal sealed class ActionList(int micros)
{
    private readonly Dictionary<(PassKind, int), int> next = [];
    private readonly List<PipelineAction> actions = [];

    public IReadOnlyList<PipelineAction> Actions => actions;

    /// <summary>How many micro-batches have had this pass.</summary>
    public int Count(PassKind pass, int chunk = 0) => next.GetValueOrDefault((pass, chunk));

    /// <summary>True while micro-batches are left for this pass.</summary>
    public bool HasMore(PassKind pass, int chunk = 0) => Count(pass, chunk) < micros;

    /// <summary>The next micro-batch of this pass, if one is left.</summary>
    public void Add(PassKind pass, int chunk = 0)
    {
        if (HasMore(pass, chunk)) Add(pass, chunk, Count(pass, chunk));
    }

    /// <summary>This micro-batch.</summary>
    public void Add(PassKind pass, int chunk, int micro)
    {
        actions.Add(new(pass, chunk, micro));
        next[(pass, chunk)] = micro + 1;
    }

    /// <summary>The same several times.</summary>
    public void Add(int times, PassKind pass, int chunk = 0)
    {
        for (var i = 0; i < times; i++) Add(pass, chunk);
    }

    /// <summary>All that are left.</summary>
    public void AddRest(PassKind pass, int chunk = 0)
    {
        while (HasMore(pass, chunk)) Add(pass, chunk);
    }
}
