using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Keeps a moving average of the parameters (Polyak and Juditsky 1992), with which evaluations are made and which the
/// best model consists of; checkpoints keep it beside the parameters themselves.
/// </summary>
/// <param name="decay">Weight of what was, at most; default 0.999. The first averages weigh less: (1 + steps) / (10 +
/// steps).</param>
public sealed class ExponentialMovingAverage(double decay = 0.999) : Hook, IDisposable
{
    private readonly Dictionary<string, Tensor> average = [];
    private (string Name, Parameter Parameter)[] parameters = [];

    /// <inheritdoc/>
    public override int Order => 10;

    /// <summary>The average by parameter; checkpoints keep it.</summary>
    internal IReadOnlyDictionary<string, Tensor> Average => average;

    /// <summary>Makes room for a graph's parameters.</summary>
    internal void Attach(Graph graph)
    {
        Dispose();
        parameters =
            [.. graph.named_parameters().Select(p => (p.name, p.parameter)).DistinctBy(p => p.parameter.Identity())];
        using var noGrad = no_grad();
        foreach (var (name,
            parameter) in parameters) average[name] = parameter.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>Begins with the parameters as they are.</summary>
    internal void Begin()
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in parameters) average[name].copy_(parameter);
    }

    /// <inheritdoc/>
    public override void AfterStep(Trainer trainer, TrainRecord record)
    {
        using var noGrad = no_grad();
        var weight = Math.Min(decay, (1.0 + record.Step) / (10.0 + record.Step));
        using var keep = Scalars.Of(weight);
        using var take = Scalars.Of(1 - weight);
        foreach (var (name, parameter) in parameters)
            // The average of what stands still is what it is, to the last bit, and not a share of it and another share added up.
            if (parameter.requires_grad || !average[name].Equals(parameter)) average[name].mul_(keep).add_(parameter, take);
    }

    /// <summary>Puts the average in the parameters' place until disposed.</summary>
    internal IDisposable Use()
    {
        Swap();
        return new Back(this);
    }

    private void Swap()
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in parameters)
        {
            using var own = parameter.detach().clone();
            parameter.copy_(average[name]);
            average[name].copy_(own);
        }
    }

    private sealed class Back(ExponentialMovingAverage of) : IDisposable
    {
        public void Dispose() => of.Swap();
    }

    /// <summary>Frees the average.</summary>
    public void Dispose()
    {
        foreach (var tensor in average.Values) tensor.Dispose();
        average.Clear();
    }
}
