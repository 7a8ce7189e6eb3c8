using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// The weights of nets from elsewhere, and for elsewhere: safetensors, one file or several with an index, and the files
/// of <c>torch.save</c>, which are read as data, so that a file from a stranger runs nothing. Names of torchvision,
/// timm and Hugging Face are known (<see cref="NameRules"/>).
/// </summary>
public static class Weights
{
    /// <summary>
    /// Puts a file's tensors into the parameters and buffers of a module, one at a time, so that no second copy of the
    /// model is made. Nothing is written unless the file can be read and, with <paramref name="strict"/>, everything
    /// fits.
    /// </summary>
    /// <param name="module">A module, or a graph.</param>
    /// <param name="path">A file (<c>.safetensors</c>, <c>.pth</c>, <c>.pt</c>, <c>.bin</c>), an index of several, or a
    /// folder with one of them.</param>
    /// <param name="rules">How the file's names become the module's; default: the table by which the most fit.</param>
    /// <param name="strict">Whether all must fit (default). If not, what does not stays as it was and is told.</param>
    /// <returns>What was loaded, and what is missing, unexpected or of another shape.</returns>
    /// <exception cref="UsageException">There is no such file, it is damaged or holds something else, or not all fits;
    /// the message names what.</exception>
    public static LoadReport Load(nn.Module module, string path, NameRules? rules = null, bool strict = true)
    {
        try
        {
            using var file = WeightFile.Open(path);
            var targets = module.state_dict();
            var map = (rules is null ? NameRules.All : [rules]).Select(r => new NameMap(r, file, targets))
                .MaxBy(m => m.Report.Loaded.Count)!;
            var report = map.Report;
            if (report.Loaded.Count == 0 || strict && !report.IsWhole)
                throw new UsageException($"{path} does not fit {module.GetName()}: {report}");
            foreach (var name in report.Loaded) Fill(targets[name], file, map.SourcesOf(name));
            return report;
        }
        catch (InvalidDataException e) { throw new UsageException(e.Message); }
    }

    /// <summary>
    /// Writes a module's parameters and buffers: <c>.safetensors</c>, or <c>.pth</c>, <c>.pt</c> or <c>.bin</c>, which
    /// <c>torch.load</c> reads.
    /// </summary>
    /// <param name="module">A module, or a graph.</param>
    /// <param name="path">The file; replaced at once when it is whole.</param>
    /// <param name="rules">The names that are written; default the module's own.</param>
    /// <exception cref="UsageException">Another ending, or a tensor of a type that the format has not.</exception>
    public static void Save(nn.Module module, string path, NameRules? rules = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensors = module.state_dict().SelectMany(t => Renamed(t.Key, t.Value, rules ?? NameRules.Own)).ToList();
        switch (Path.GetExtension(path))
        {
            case ".safetensors":
                AtomicFile.Write(path,
                stream => Safetensors.Write(stream, tensors.ToDictionary(t => t.Name, t => t.Value))); break;
            case ".pth" or ".pt"
                or ".bin":
                AtomicFile.Write(path, stream => TorchFileWriter.Write(stream, tensors)); break;
            case var other: throw new UsageException($"weights are written as .safetensors, .pth, .pt or .bin, got '{other}'");
        }
    }

    private static void Fill(Tensor target, IWeightFile file, IReadOnlyList<(string Theirs, NameRule? Rule)> sources)
    {
        using var noGrad = no_grad();
        foreach (var (theirs, rule) in sources)
        {
            using var scope = NewDisposeScope();
            var values = file.Read(theirs);
            var place = target;
            if (rule is not null)
            {
                if (rule.Leading > 0) values = values.view(values.shape[rule.Leading..]);
                if (rule.FirstRows) values = values.narrow(0, 0, target.shape[0]);
                if (rule.Transposed && values.dim() == 2) values = values.t();
                if (rule.Parts > 1) place = target.narrow(0, rule.Part * values.shape[0], values.shape[0]);
            }
            place.copy_(values);
        }
    }

    private static IEnumerable<(string Name, Tensor Value)> Renamed(string name, Tensor value, NameRules rules)
    {
        var first = rules.Rules.FirstOrDefault(r => r.ToTheirs(name) is not null);
        if (first is null) return [(name, value)];
        var parts = first.Parts == 1 ? [first]
            : rules.Rules.Where(r => r.Parts == first.Parts && r.ToTheirs(name) is not null).DistinctBy(r => r.Part);
        return parts.Select(rule =>
        {
            var theirs = rule.Parts == 1 ? value
                : value.narrow(0, rule.Part * (value.shape[0] / rule.Parts), value.shape[0] / rule.Parts);
            if (rule.Transposed && theirs.dim() == 2) theirs = theirs.t().contiguous();
            if (rule.Leading > 0) theirs = theirs.view(rule.ShapeOf(value.shape));
            return (rule.ToTheirs(name)!, theirs);
        });
    }
}
