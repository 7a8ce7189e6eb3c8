using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Brings a batch's inputs into the order in which the graph takes them, and says in one line where a batch does not fit.</summary>
internal sealed class BatchFit(Graph graph, IObjective objective)
{
    private const string Only = "sample 0"; // how an objective calls the one sample of a batch

    /// <summary>Reads samples as the graph takes them. From any thread.</summary>
    /// <exception cref="UsageException">They do not fit; the message names the sample or the input.</exception>
    public Batch Read(IBatchSource source, ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        return Take(SampleError.Read(source, samples, epoch, seed), source, samples);
    }

    /// <summary>Arranges a batch that was read, and takes it over. From any thread.</summary>
    /// <exception cref="UsageException">It does not fit; the message names the sample or the input.</exception>
    public Batch Take(Batch batch, IBatchSource source, ReadOnlySpan<int> samples)
    {
        try
        {
            batch.RequireAlive();
            CheckCounts(batch, samples.Length);
            batch = Arrange(batch);
            CheckTargets(batch, source, samples);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Reads the first sample and checks it, for an error before anything is prepared.</summary>
    /// <param name="source">The data.</param>
    /// <param name="metrics">What is measured on them; default nothing.</param>
    public void Check(IBatchSource source, params IReadOnlyList<IMetric> metrics)
    {
        if (source.Count == 0) throw new UsageException("the data have no samples: a training set and an evaluation set need one at least");
        using var batch = Read(source, [0]);
        Require(objective.Called(), batch, outputs =>
        {
            var loss = objective.Loss(outputs, batch.Targets);
            if (loss.numel() != 1) return $"its loss has the shape ({string.Join(", ", loss.shape)}), a single number is needed";
            if (!loss.requires_grad) return "its loss does not depend on them by autograd (detach or no_grad within?), so nothing would be trained";
            loss.backward();
            return null;
        });
        foreach (var metric in metrics)
            Require($"the metric {metric.Name}", batch, outputs =>
            {
                using var noGrad = no_grad();
                try { metric.Sums(outputs, objective.ForMetrics(batch.Targets)); }
                catch (UsageException e) { return e.Message; }
                return null;
            });
        if (objective is CrossEntropy && graph.Outputs is [{ Shape: { Rank: 1 } scores }]) CheckClasses(source, scores[0]);
    }

    // Data that tell of more classes than the net does: the first sample of such a class is named.
    private void CheckClasses(IBatchSource source, long classes)
    {
        const int Looked = 1024, AtOnce = 64;
        var told = source is IDataSource labelled ? labelled.Classes : source.ClassNames.Count;
        if (told <= classes) return;
        for (var at = 0; at < Math.Min(source.Count, Looked); at += AtOnce)
            Read(source, [.. Enumerable.Range(at, Math.Min(AtOnce, source.Count - at))]).Dispose();
        throw new UsageException($"the data have {told} classes, but {graph.Name} tells {classes} classes apart");
    }

    // One's own function may not say what it takes: outputs of zeros show it.
    private void Require(string what, Batch batch, Func<IReadOnlyList<Tensor>, string?> run)
    {
        using var scope = NewDisposeScope();
        string? misfit;
        try { misfit = run([.. graph.Outputs.Select(o => zeros(o.Shape.WithBatch(1), o.Type, requires_grad: o.Type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64))]); }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or ArgumentException or IndexOutOfRangeException or InvalidOperationException)
        {
            misfit = e.Message.Split('\n')[0];
        }
        if (misfit is not null)
            throw new UsageException($"{what} does not take the net's {Text(graph.Outputs.Select(o => $"{o.Shape} {o.Type}"))} with the data's targets {Text(batch.Targets.Select(t => $"({string.Join(", ", t.shape)}) {t.dtype}"))}: {misfit}");

        static string Text(IEnumerable<string> parts) => string.Join(" and ", parts);
    }

    private Batch Arrange(Batch batch)
    {
        var given = batch.NamedInputs;
        var chosen = new NamedTensor[graph.Inputs.Count];
        var names = InputNames(given);
        if (names is null && given.Count != chosen.Length) throw Names(given);
        for (var i = 0; i < chosen.Length; i++)
        {
            var value = graph.Inputs[i];
            var at = i;
            if (names is not null)
            {
                for (at = 0; at < given.Count && given[at].Name != names[i]; at++) { }
                if (at == given.Count) throw Names(given);
            }
            chosen[i] = given[at];
            CheckInput(value, chosen[i]);
        }
        foreach (var unused in given.Where(n => !chosen.Any(c => ReferenceEquals(c.Tensor, n.Tensor)))) unused.Tensor.Dispose(); // tensors compare by value, and NaN is unlike itself
        return new Batch(chosen, batch.NamedTargets);
    }

    // The graph's own names, or those that the module's forward has for them; null where the data use neither: then the order says it.
    private IReadOnlyList<string>? InputNames(IReadOnlyList<NamedTensor> given)
    {
        if (graph.Inputs.Count == 1) return null;
        string[] own = [.. graph.Inputs.Select(value => value.Name)];
        return new[] { own, graph.ArgumentNames }.FirstOrDefault(names => names.Any(name => given.Any(n => n.Name == name)));
    }

    private UsageException Names(IReadOnlyList<NamedTensor> given)
        => new($"{graph.Name} takes {string.Join(", ", graph.Inputs.Select(v => v.Name))}{(graph.Inputs.Count > 1 && graph.ArgumentNames.Count > 0 ? $" (or {string.Join(", ", graph.ArgumentNames)})" : "")}, the data have {string.Join(", ", given.Select(n => n.Name))}");

    // A source or collate of one's own may give more or fewer rows than samples were asked for.
    private static void CheckCounts(Batch batch, int asked)
    {
        foreach (var (name, tensor) in batch.NamedInputs.Concat(batch.NamedTargets))
            if (tensor.dim() == 0 || tensor.shape[0] != asked)
                throw new UsageException($"a batch of {asked} {(asked == 1 ? "sample" : "samples")} was asked for, but its {name} is ({string.Join(", ", tensor.shape)}): the first dimension counts the samples");
    }

    private void CheckInput(Value value, NamedTensor input)
    {
        var shape = input.Tensor.shape;
        if (shape.Length == value.Shape.Rank + 1 && shape.AsSpan(1).SequenceEqual(value.Shape.ToArray()) && input.Tensor.dtype == value.Type) return;
        var name = graph.Inputs.Count == 1 ? "" : $" for {value.Name}";
        var sizes = shape.Length == 1 ? "scalar" : string.Join('x', shape[1..]);
        throw new UsageException($"{graph.Name} takes {value.Shape} {value.Type}{name}, the data are {sizes} {input.Tensor.dtype}{Instead(value, input.Tensor)}");
    }

    private static string Instead(Value value, Tensor given)
        => given.dtype == value.Type ? ""
            : value.Type is ScalarType.Int64 or ScalarType.Int32 ? ": token numbers come from a TokenDataset, or a TensorDataset of whole numbers"
            : $": give numbers converted by to({value.Type})";

    private void CheckTargets(Batch batch, IBatchSource source, ReadOnlySpan<int> samples)
    {
        if (objective.Misfit(graph.Outputs, batch.Targets) is not { } misfit) return;
        for (var i = 0; i < samples.Length; i++)
        {
            using var scope = NewDisposeScope();
            if (objective.Misfit(graph.Outputs, [.. batch.Targets.Select(t => t.narrow(0, i, 1))]) is { } one)
                throw new UsageException(Named(one, SampleError.Name(samples[i], source.Origin(samples[i]))) + Instead(source));
        }
        throw new UsageException(misfit + Instead(source));
    }

    private static string Named(string misfit, string sample) => misfit.Contains(Only, StringComparison.Ordinal) ? misfit.Replace(Only, sample) : $"{sample}: {misfit}";

    private string Instead(IBatchSource source)
        => source is IDataSource && graph.Output.Shape.Rank > 1 ? "; an IDataSource has one class a sample: labels of tokens or pixels come from a TokenDataset, a MaskFolder or a TensorDataset" : "";
}
