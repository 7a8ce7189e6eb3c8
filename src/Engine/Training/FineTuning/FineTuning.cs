using Interactive.Data;
using Interactive.Graphs;
using Interactive.Monitoring;

namespace Interactive.Training;

/// <summary>
/// Fine-tuning in one line: <c>net.FineTune(pictures)</c>. A new head for the data's classes is trained for an epoch
/// while all else is frozen, then everything is, the body at a tenth of the head's rate (as fastai does it).
/// </summary>
public static class FineTuning
{
    private const double BodyRate = 0.1;

    /// <summary>
    /// What is not said otherwise: 4 epochs of 32 samples, AdamW at 0.002 in one cycle, weight decay 0.01.
    /// </summary>
    public static TrainerOptions Defaults { get; } =
        new()
        {
            Name = "fine-tune",
            Epochs = 4,
            BatchSize = 32,
            Optimizer = "adamw",
            LearningRate = 2e-3,
            WeightDecay = 0.01,
        };

    /// <summary>Fine-tunes on four fifths of the samples and evaluates on the rest.</summary>
    /// <param name="graph">A net with weights, such as one of <see cref="Weights.Load"/>; its layers go over into the
    /// result.</param>
    /// <param name="data">Samples with classes.</param>
    /// <param name="options">How to train; default <see cref="Defaults"/>.</param>
    /// <param name="classes">Number of classes; default what the data says.</param>
    /// <param name="frozenEpochs">Epochs in which the head alone is trained; default 1.</param>
    /// <returns>The best model of the run, with the classes' names and what was measured.</returns>
    /// <exception cref="UsageException">The data do not say how many classes they have, or do not fit the
    /// net.</exception>
    public static Model FineTune(this Graph graph, IBatchSource data, TrainerOptions? options = null,
        int? classes = null, int frozenEpochs = 1)
    {
        var (train, test) = data.Split();
        return graph.FineTune(train, test, options, classes ?? ClassesOf(data), frozenEpochs);
    }

    /// <summary>
    /// Fine-tunes on one set and evaluates on another. Collective: the same line runs on one rank or many.
    /// </summary>
    /// <param name="graph">A net with weights; its layers go over into the result.</param>
    /// <param name="train">Samples with classes.</param>
    /// <param name="test">Others, for evaluation.</param>
    /// <param name="options">How to train; default <see cref="Defaults"/>.</param>
    /// <param name="classes">Number of classes; default what the data says.</param>
    /// <param name="frozenEpochs">Epochs in which the head alone is trained; default 1.</param>
    /// <returns>The best model of the run.</returns>
    /// <exception cref="UsageException">The data do not say how many classes they have, or do not fit the
    /// net.</exception>
    public static Model FineTune(this Graph graph, IBatchSource train, IBatchSource test,
        TrainerOptions? options = null, int? classes = null, int frozenEpochs = 1)
    {
        options ??= Defaults;
        var count = classes ?? ClassesOf(train);
        if (frozenEpochs < 0 || frozenEpochs >= options.Epochs)
            throw new UsageException($"the head alone is trained for some of the {options.Epochs} epochs, got {frozenEpochs}");
        TorchSharp.torch.manual_seed((long)options.Seed); // the head begins alike on every run
        var net = graph.WithHead(count).Unfreeze("*");
        var head = GraphParts.HeadOf(net)!.Name + ".*";
        using var optimizer = OptimizerList.Create(options.Optimizer, options.Momentum, options.WeightDecay)
            .Group(p => !ParameterGroup.Of(head).Selects(p), learningRateScale: BodyRate, name: "body");
        Hook[] hooks = frozenEpochs == 0 ? [] : [new GradualUnfreezing(frozenEpochs, head, "*")];
        using var trainer = new Trainer(net, train, test, options, optimizer: optimizer, hooks: hooks);
        trainer.Run();
        return Model.Load(trainer.Directory!.Path, net); // which may have a module that no file can describe
    }

    private static int ClassesOf(IBatchSource data)
        => data is IDataSource labelled ? labelled.Classes
            : data.ClassNames.Count > 0 ? data.ClassNames.Count
            : throw new UsageException("the data do not say how many classes they have: give classes:");
}
