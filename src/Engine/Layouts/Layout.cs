using System.Globalization;

namespace Interactive.Layouts;

/// <summary>
/// How the ranks of a job share a model: <c>pipe</c> stages one behind the other, each by <c>data</c> ranks that divide
/// the batch. Rank (pipe, data) is pipe x data + its place, so that the stages of a pipeline lie on different hosts
/// before the copies of one stage do. With <c>shard=linear</c> the data ranks have slices of the linear layers that send
/// less so, and copies of the rest. With <c>tensor</c> that many ranks have the same samples and slices of layers; they
/// are neighbours: rank data x tensor + its place.
/// </summary>
/// <param name="Data">Ranks that divide the batch.</param>
/// <param name="Pipe">Ranks that divide the layers.</param>
/// <param name="Order">In which order a pipeline works.</param>
/// <param name="Micro">Micro-batches in which each of the data ranks works off its part of a batch; 0 to
/// choose.</param>
/// <param name="Stages">By stage from the second on: the first layer, or nothing where the stages are to be
/// chosen.</param>
public sealed record Layout(int Data, int Pipe, IPipelineOrder Order, int Micro, IReadOnlyList<string> Stages)
{
    private const string Accepted = "give parts of data=2,pipe=2,order=1f1b,micro=8,chunks=2, or of data=2,tensor=2,micro=4, or of data=2,micro=4,shard=linear, or auto";

    /// <summary>
    /// Whether data ranks divide linear layers among them, those for which fewer bytes are sent than for their
    /// gradients; default false.
    /// </summary>
    public bool ShardsLinear { get; init; }

    /// <summary>
    /// Ranks that have the same samples and divide attention by heads, pairs of linear layers, tables of tokens and
    /// classes; default 1.
    /// </summary>
    public int Tensor { get; init; } = 1;

    /// <summary>Ranks in all.</summary>
    public int Ranks => Data * Pipe * Tensor;

    /// <summary>Reads <c>pipe=2,order=1f1b,micro=8</c>.</summary>
    /// <param name="text">The parts, in any order.</param>
    /// <param name="stages">First layers of the stages from the second on, with commas between; empty to
    /// choose.</param>
    /// <exception cref="UsageException">A part is unknown, is given twice, or has no such value.</exception>
    public static Layout Parse(string text, string stages = "")
    {
        var parts = new Dictionary<string, string>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var at = part.IndexOf('=');
            var name = at < 0 ? part : part[..at];
            if (at < 0 || name is not ("data" or "pipe" or "order" or "micro" or "chunks" or "shard" or "tensor"))
                throw new UsageException($"--layout {text}: '{part}' is none of its parts: {Accepted}");
            if (!parts.TryAdd(name, part[(at + 1)..]))
                throw new UsageException($"--layout {text}: {name} is given twice");
        }
        var (pipe, data, tensor) = (Number("pipe", 1), Number("data", 1), Number("tensor", 1));
        var shards = parts.TryGetValue("shard", out var what);
        if (shards && what != "linear")
            throw new UsageException($"--layout {text}: shard must be linear, got '{what}'");
        if (shards && (pipe > 1 || stages.Length > 0 || parts.ContainsKey("chunks") || parts.ContainsKey("order")))
            throw new UsageException($"--layout {text}: shard=linear divides layers among data ranks, not into stages: data={data * pipe},shard=linear works");
        if (shards && data == 1)
            throw new UsageException($"--layout {text}: shard=linear divides layers among data ranks, of which there is one: give data=2 or more");
        if (tensor > 1 && shards)
            throw new UsageException($"--layout {text}: tensor and shard=linear divide the same layers: data={data},tensor={tensor} works");
        if (tensor > 1 && (pipe > 1 || stages.Length > 0 || parts.ContainsKey("chunks") || parts.ContainsKey("order")))
            throw new UsageException($"--layout {text}: tensor divides layers that are not in stages: data={data * pipe},tensor={tensor} works");
        var order = PipelineOrders.Find(parts.GetValueOrDefault("order", "1f1b"),
            parts.ContainsKey("chunks") ? Number("chunks", 2) : null);
        return new(data, pipe, order, Number("micro", 0, least: parts.ContainsKey("micro") ? 1 : 0),
            stages.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        { ShardsLinear = shards, Tensor = tensor };

        int Number(string name, int fallback, int least = 1)
            => !parts.TryGetValue(name, out var digits) ? fallback
            : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new UsageException($"--layout {text}: {name} must be a whole number of at least {least}, got '{digits}'");
    }

    /// <summary>Refuses ranks, a batch or a number of micro-batches that do not fit, and says what does.</summary>
    /// <returns>The same with the micro-batches chosen where that was left open.</returns>
    /// <exception cref="UsageException">They do not fit.</exception>
    public Layout Fitted(int ranks, int batch)
    {
        if (Ranks != ranks)
            throw new UsageException($"--layout {this} is for {Ranks} ranks, there {(ranks == 1 ? "is 1" : $"are {ranks}")}: {Nearest(ranks)}");
        if (Micro == 0)
            return (this with
            {
                Micro =
            Enumerable.Range(1, batch).Where(m => batch % (Data * m) == 0 && Order.Misfit(Pipe, m) is null)
            .DefaultIfEmpty(Pipe).MinBy(m => Math.Abs(m - 4 * Pipe))
            }).Fitted(ranks, batch);
        if (batch % (Data * Micro) != 0)
            throw new UsageException($"a batch of {batch} does not divide by {Data} ranks x {Micro} micro-batches: {Below(batch)}a batch of {(batch / (Data * Micro) + 1) * Data * Micro} works, or micro={Enumerable.Range(1, batch).Where(m => batch % (Data * m) == 0).DefaultIfEmpty(1).MinBy(m => Math.Abs(m - Micro))}");
        return Order.Misfit(Pipe, Micro) is { } misfit ? throw new UsageException($"--layout {this}: {misfit}") : this;
    }

    private string Below(int batch)
        => batch >= Data * Micro ? $"a batch of {batch / (Data * Micro) * Data * Micro} or " : "";

    private string Nearest(int ranks)
    {
        if (Tensor > 1) return ranks % Tensor == 0 ? $"data={ranks / Tensor},tensor={Tensor} works" : $"data={ranks} works";
        if (ShardsLinear) return ranks == 1 ? "data=1 works" : $"data={ranks},shard=linear works";
        var pipe = Enumerable.Range(1, ranks).Where(p => ranks % p == 0).MinBy(p => Math.Abs(p - Pipe));
        return $"data={ranks / pipe},pipe={pipe} works";
    }

    /// <inheritdoc/>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture,
        $"data={Data},{(ShardsLinear ? "shard=linear" : Tensor > 1 ? $"tensor={Tensor}" : $"pipe={Pipe},order={Order.Name}")}{(Micro > 0 ? $",micro={Micro}" : "")}");
}
