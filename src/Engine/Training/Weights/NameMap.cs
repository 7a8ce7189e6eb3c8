using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Which tensors of a file become which of a model, by one table of rules.</summary>
internal sealed class NameMap
{
    // put before all names by DistributedDataParallel and torch.compile
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    private readonly Dictionary<string, List<(string Theirs, NameRule? Rule)>> sources = new(StringComparer.Ordinal);
    private readonly List<string> unexpected = [], otherShape = [];

    public NameMap(NameRules rules, IWeightFile file, IReadOnlyDictionary<string, Tensor> targets)
    {
        Rules = rules;
        var prefix = Prefix(file.Tensors.Keys, rules, targets.Keys);
        foreach (var theirs in file.Tensors.Keys)
        {
            var (ours, rule) = Translate(theirs[prefix.Length..]);
            if (rule is { Ours: "" }) continue;
            if (!targets.ContainsKey(ours)) unexpected.Add(theirs);
            else if (!sources.TryGetValue(ours, out var list)) sources[ours] = [(theirs, rule)];
            else if (rule is { Parts: > 1 } && list[0].Rule?.Parts == rule.Parts
                && list.All(s => s.Rule!.Part != rule.Part)) list.Add((theirs, rule));
            // Else it is a second name of a tied tensor, and the first will do.
        }
        foreach (var (ours, target) in targets)
        {
            if (!sources.TryGetValue(ours, out var list)) continue;
            var wrong = list.Select(s => (s.Theirs, s.Rule, Given: file.Tensors[s.Theirs]))
                .FirstOrDefault(
                s => !(s.Rule?.Fits(s.Given.Shape, target.shape) ?? s.Given.Shape.SequenceEqual(target.shape))
                || !Fits(s.Given.Type, target.dtype));
            if (wrong.Theirs is not null) otherShape.Add($"{ours} is {target.dtype} {Text(target.shape)} and the file's {wrong.Theirs} {wrong.Given.Type} {Text(wrong.Given.Shape)}");
            if (wrong.Theirs is not null || list[0].Rule is { Parts: > 1 } rule && list.Count < rule.Parts)
                sources.Remove(ours);
        }
        var shaped = otherShape.Select(o => o[..o.IndexOf(' ')]).ToHashSet(StringComparer.Ordinal);
        // Files from before PyTorch 0.4.1 do not count the batches of a norm, and nothing here reads the count.
        var missing = targets.Keys.Where(name => !sources.ContainsKey(name) && !shaped.Contains(name)
            && !name.EndsWith("num_batches_tracked", StringComparison.Ordinal));
        Report = new LoadReport(rules.Name, [.. targets.Keys.Where(sources.ContainsKey)], [.. missing], unexpected,
            otherShape);
    }

    public NameRules Rules { get; }
    public LoadReport Report { get; }

    /// <summary>Where one of the model's tensors comes from.</summary>
    public IReadOnlyList<(string Theirs, NameRule? Rule)> SourcesOf(string ours) => sources[ours];

    private (string Ours, NameRule? Rule) Translate(string theirs)
    {
        foreach (var rule in Rules.Rules)
            if (rule.ToOurs(theirs) is { } ours) return (ours, rule);
        return (theirs, null);
    }

    private static string Prefix(IEnumerable<string> names, NameRules rules, IEnumerable<string> ours)
    {
        var (all, prefix) = (names.ToList(), "");
        while (Wrappers.FirstOrDefault(w
            => all.Count > 0 && all.TrueForAll(n => n.StartsWith(prefix + w, StringComparison.Ordinal))) is { } wrapper)
            prefix += wrapper;
        // and by whoever trained the net as one part of another (model., encoder.)
        while (rules.Rules.Count == 0 && all.Count > 0 && all[0].IndexOf('.', prefix.Length) is > 0 and var dot && all[0][..(dot + 1)] is var longer
            && all.TrueForAll(n => n.StartsWith(longer, StringComparison.Ordinal)) && ours.All(o => !o.StartsWith(longer[prefix.Length..], StringComparison.Ordinal)))
            prefix = longer;
        return prefix;
    }

    private static bool Fits(ScalarType given, ScalarType wanted)
        => given == wanted || IsFloat(given) && IsFloat(wanted);

    private static bool IsFloat(ScalarType type)
        => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}
