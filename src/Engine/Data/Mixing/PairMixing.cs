using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// A source whose training batches are mixed, pair by pair: samples 0 and 1 of a batch, 2 and 3, … What is drawn for a
/// pair depends on (seed, epoch, its first sample) alone.
/// </summary>
internal sealed class PairMixing : IBatchSource, IDrawn
{
    private readonly IBatchSource source;
    private readonly string name;
    private readonly double? mixUp, cutMix;
    private readonly int classes;

    public PairMixing(IBatchSource source, string name, double? mixUp, double? cutMix, int? classes)
    {
        foreach (var alpha in (double?[])[mixUp, cutMix])
            if (alpha is not (null or (> 0 and <= 1000))) throw new UsageException($"{name}'s alpha must be above 0 and at most 1000, got {alpha}");
        this.classes = classes ?? (source is IDataSource labelled ? labelled.Classes : source.ClassNames.Count);
        if (this.classes < (mixUp is null ? 0 : 1)) throw new UsageException($"{name} makes shares of classes, and the source does not say how many there are: give classes");
        (this.source, this.name, this.mixUp, this.cutMix) = (source, name, mixUp, cutMix);
    }

    public int Count => source.Count;
    public bool IsDrawn => Drawn.Is(source);
    public int[]? Order(int epoch, int globalBatch, ulong seed) => source.Order(epoch, globalBatch, seed);
    public int? ClassOf(int sample) => source.ClassOf(sample);
    public string? Origin(int sample) => source.Origin(sample);
    public IReadOnlyList<string> ClassNames => source.ClassNames;
    public Normalisation? Normalisation => source.Normalisation;
    public string? PictureSteps => source.PictureSteps;
    /// <inheritdoc/>
    public string? TableColumns => source.TableColumns;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
        => epoch is null ? source.Read(samples, epoch, seed)
        : Mix(source.Read(samples, epoch, seed), samples.ToArray(), new Pass(epoch, seed));

    public IBatchDraft? Begin(int count, int? epoch = null, ulong seed = 0)
        => source.Begin(count, epoch, seed) is not { } draft ? null
        : epoch is null ? draft : new Draft(this, draft, count, new Pass(epoch, seed));

    private sealed class Draft(PairMixing mixing, IBatchDraft inner, int count, Pass pass) : IBatchDraft
    {
        private readonly int[] samples = new int[count];

        public void Write(int slot, int sample)
        {
            samples[slot] = sample;
            inner.Write(slot, sample);
        }

        public Batch Finish() => mixing.Mix(inner.Finish(), samples, pass);
        public void Dispose() => inner.Dispose();
    }

    private Batch Mix(Batch batch, int[] samples, Pass pass)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        try
        {
            if (Misfit(batch) is { } misfit) throw new UsageException($"{name} {misfit}");
            var input = batch.Input;
            var masks = batch.Targets.Where(IsMask).ToArray();
            var targets = batch.NamedTargets
                .Select(t => IsClass(t.Tensor) ? t with { Tensor = OneHot(t.Tensor, samples) } : t).ToArray();
            for (var i = 0; i + 1 < samples.Length; i += 2)
            {
                var random = pass.Random(samples[i], "mix");
                var cuts = mixUp is null || cutMix is not null && random.Next(2) == 1;
                var share = Beta.Draw(ref random, cuts ? cutMix!.Value : mixUp!.Value);
                if (cuts)
                {
                    var cut = Cut.Draw(ref random, share, (int)input.shape[3], (int)input.shape[2]);
                    foreach (var pixels in masks.Prepend(input)) Swap(pixels, i, cut);
                    share = cut.Kept;
                }
                else Blend(input, i, share);
                foreach (var target in targets)
                    if (target.Tensor.is_floating_point()) Blend(target.Tensor, i, share);
            }
            return new Batch(batch.NamedInputs, targets);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private string? Misfit(Batch batch)
    {
        if (batch.Count % 2 != 0) return $"mixes pairs: give each rank an even number of samples a step, got {batch.Count}";
        if (batch.Inputs is not [{ dtype: ScalarType.Float32 } input]) return $"takes one input of fp32 numbers, got {Text(batch.NamedInputs)}";
        if (cutMix is not null && input.dim() != 4) return $"takes pictures (batch, channels, height, width), got {Text(batch.NamedInputs)}";
        if (batch.Targets.Count > 0 && batch.Targets.All(t => IsClass(t) || mixUp is null && IsMask(t)))
            return classes > 0 || !batch.Targets.Any(IsClass) ? null
            : "makes shares of classes, and the source does not say how many there are: give classes";
        return $"takes a class a sample{(mixUp is null ? " and masks" : "")} for targets, got {Text(batch.NamedTargets)}";
    }

    private static string Text(IReadOnlyList<NamedTensor> tensors)
        => string.Join(" and ", tensors
        .Select(t => $"{t.Name} ({string.Join(", ", t.Tensor.shape)}) {t.Tensor.dtype}"));

    private static bool IsClass(Tensor target) => target is { dtype: ScalarType.Int64 } && target.dim() == 1;
    private static bool IsMask(Tensor target) => target is { dtype: ScalarType.Int64 } && target.dim() == 3;

    private Tensor OneHot(Tensor labels, int[] samples)
    {
        var shares = zeros(labels.shape[0], classes);
        var (numbers, places) = (labels.data<long>(), shares.data<float>());
        for (var i = 0; i < samples.Length; i++)
            if ((ulong)numbers[i] < (ulong)classes) places[i, numbers[i]] = 1;
            else throw new UsageException($"{SampleError.Name(samples[i], Origin(samples[i]))}: its class is {numbers[i]}, {name} counts {classes} classes");
        labels.Dispose();
        return shares;
    }

    // As torchvision computes it: x * share + y * (1 - share), in fp32.
    private static void Blend(Tensor tensor, int at, double share)
    {
        using var scope = NewDisposeScope();
        using var own = Scalars.Of(share);
        using var other = Scalars.Of(1 - share);
        var (first, second) = (tensor[at], tensor[at + 1]);
        var mixed = first.mul(own).add_(second.mul(other));
        second.mul_(own).add_(first.mul(other));
        first.copy_(mixed);
    }

    private static void Swap(Tensor tensor, int at, Cut cut)
    {
        if (cut.Width == 0 || cut.Height == 0) return;
        using var scope = NewDisposeScope();
        var (first, second) = (Part(at), Part(at + 1));
        var kept = first.clone();
        first.copy_(second);
        second.copy_(kept);

        Tensor Part(int sample)
            => tensor[sample].narrow(-1, cut.Left, cut.Width).narrow(-2, cut.Top, cut.Height);
    }
}
