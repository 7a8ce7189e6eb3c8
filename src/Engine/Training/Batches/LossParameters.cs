using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// Parameters that a loss of one's own uses by itself, not through the net's outputs: those of the net, as a penalty on
/// weights does, and others, which no optimiser steps.
/// </summary>
/// <param name="OfNet">All are the net's, and there are some.</param>
/// <param name="Others">Some are not the net's.</param>
internal readonly record struct LossParameters(bool OfNet, bool Others)
{
    /// <summary>Refuses where the net's parameters are not whole on the rank that computes the loss.</summary>
    /// <exception cref="UsageException">The ranks divide them.</exception>
    public LossParameters Required(IObjective objective, int zero, string layout)
    {
        if (OfNet && (zero == 3 || layout.Length > 0))
            throw new UsageException($"{objective.Called()} uses parameters of the net by itself, which {(zero == 3 ? "--zero 3" : $"--layout {layout}")} divides among the ranks: choose {(zero == 3 ? "--zero 2" : "no layout")}");
        return this;
    }

    /// <summary>What to tell before the first step; null where nothing is wrong.</summary>
    public string? Caution(IObjective objective) => Others
        ? $"caution: {objective.Called()} uses parameters that are not the net's, and nobody trains them: make them members of the net's module, or set requires_grad to false where they are to stay as they are"
        : null;

    /// <summary>Asks autograd: a loss of outputs without gradients has one by what else it uses.</summary>
    /// <param name="objective">The user's or the library's.</param>
    /// <param name="train">Its first sample is looked at.</param>
    /// <param name="graph">The net; its parameters are frozen meanwhile.</param>
    public static LossParameters Of(IObjective objective, IBatchSource train, Graph graph)
    {
        if (!objective.IsUsers()) return default;
        using var generator = RandomState.Keep(Devices.Of(graph)); // a loss may draw
        if (!Depends()) return default;
        var trained = graph.parameters().Where(p => p.requires_grad).ToList();
        bool others;
        try
        {
            trained.ForEach(p => p.requires_grad = false);
            others = Depends();
        }
        finally { trained.ForEach(p => p.requires_grad = true); }
        return new(OfNet: !others, others);

        bool Depends()
        {
            using var scope = NewDisposeScope();
            return Loss()?.requires_grad == true;
        }

        Tensor? Loss()
        {
            try
            {
                using var batch = SampleError.Read(train, [0], epoch: null, seed: 0);
                return objective.Loss([.. graph.Outputs.Select(o => zeros(o.Shape.WithBatch(1), o.Type))], batch.Targets);
            }
            catch (Exception e) when (e is not OutOfMemoryException) { return null; } // it may need gradients, or more samples
        }
    }
}
