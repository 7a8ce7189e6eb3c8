using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>Brings a batch's inputs into the order in which the graph takes them, and says in one line where a batch does not fit.</summary>
internal sealed class BatchFit(Graph graph, IObjective objective)
{
    /// <summary>Reads samples as the graph takes them. From any thread.</summary>
    /// <exception cref="UsageException">They do not fit; the message names the sample or the input.</exception>
    public Batch Read(IBatchSource source, ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        return Take(source.Read(samples, epoch, seed), source, samples);
    }

    /// <summary>Arranges a batch that was read, and takes it over. From any thread.</summary>
    /// <exception cref="UsageException">It does not fit; the message names the sample or the input.</exception>
    public Batch Take(Batch batch, IBatchSource source, ReadOnlySpan<int> samples)
    {
        try
        {
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
    public void Check(IBatchSource source)
    {
        if (source is IDataSource labelled && graph.Outputs is [var output] && objective is CrossEntropy && output.Shape.Rank == 1 && labelled.Classes > output.Shape[0])
            throw new UsageException($"the data have {labelled.Classes} classes, but {graph.Name} tells {output.Shape[0]} classes apart");
        using var batch = Read(source, [0]);
        CheckObjective(batch);
    }

    // One's own function may not say what it takes: outputs of zeros show it.
    private void CheckObjective(Batch batch)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        string? misfit;
        try
        {
            var loss = objective.Loss([.. graph.Outputs.Select(o => zeros(o.Shape.WithBatch(1), o.Type))], batch.Targets);
            misfit = loss.numel() == 1 ? null : $"its loss has the shape ({string.Join(", ", loss.shape)}), a single number is needed";
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or ArgumentException or IndexOutOfRangeException or InvalidOperationException)
        {
            misfit = e.Message.Split('\n')[0];
        }
        if (misfit is not null)
            throw new UsageException($"{objective.Name} does not take the net's {Text(graph.Outputs.Select(o => $"{o.Shape} {o.Type}"))} with the data's targets {Text(batch.Targets.Select(t => $"({string.Join(", ", t.shape)}) {t.dtype}"))}: {misfit}");

        static string Text(IEnumerable<string> parts) => string.Join(" and ", parts);
    }

    private Batch Arrange(Batch batch)
    {
        var given = batch.NamedInputs;
        var chosen = new NamedTensor[graph.Inputs.Count];
        var byName = chosen.Length > 1 && graph.Inputs.Any(value => given.Any(n => n.Name == value.Name));
        if (!byName && given.Count != chosen.Length) throw Names(given);
        for (var i = 0; i < chosen.Length; i++)
        {
            var value = graph.Inputs[i];
            var at = i;
            if (byName)
            {
                for (at = 0; at < given.Count && given[at].Name != value.Name; at++) { }
                if (at == given.Count) throw Names(given);
            }
            chosen[i] = given[at];
            CheckInput(value, chosen[i]);
        }
        foreach (var unused in given.Except(chosen)) unused.Tensor.Dispose();
        return new Batch(chosen, batch.NamedTargets);
    }

    private UsageException Names(IReadOnlyList<NamedTensor> given)
        => new($"{graph.Name} takes {string.Join(", ", graph.Inputs.Select(v => v.Name))}, the data have {string.Join(", ", given.Select(n => n.Name))}");

    private void CheckInput(Value value, NamedTensor input)
    {
        var shape = input.Tensor.shape;
        if (shape.Length == value.Shape.Rank + 1 && shape.AsSpan(1).SequenceEqual(value.Shape.ToArray()) && input.Tensor.dtype == value.Type) return;
        var name = graph.Inputs.Count == 1 ? "" : $" for {value.Name}";
        var sizes = shape.Length == 1 ? "scalar" : string.Join('x', shape[1..]);
        throw new UsageException($"{graph.Name} takes {value.Shape} {value.Type}{name}, the data are {sizes} {input.Tensor.dtype}");
    }

    private void CheckTargets(Batch batch, IBatchSource source, ReadOnlySpan<int> samples)
    {
        if (objective.Misfit(graph.Outputs, batch.Targets) is not { } misfit) return;
        for (var i = 0; i < samples.Length; i++)
        {
            using var scope = NewDisposeScope();
            if (objective.Misfit(graph.Outputs, [.. batch.Targets.Select(t => t.narrow(0, i, 1))]) is { } one)
                throw new UsageException($"{SampleError.Name(samples[i], source.Origin(samples[i]))}: {one.Replace(" of sample 0", "")}");
        }
        throw new UsageException(misfit);
    }
}
