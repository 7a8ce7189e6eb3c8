namespace Interactive.Training;

/// <summary>The optimisers by the names that <c>--optimizer</c> takes.</summary>
public static class OptimizerList
{
    private static readonly Dictionary<string, Func<double, double, Optimizer>> Makers = new()
    {
        ["sgd"] = (momentum, decay) => new Sgd(momentum, decay),
        ["adam"] = (_, decay) => new Adam(weightDecay: decay),
        ["adamw"] = (_, decay) => new AdamW(weightDecay: decay),
        ["rmsprop"] = (momentum, decay) => new RmsProp(momentum: momentum, weightDecay: decay),
        ["adagrad"] = (_, decay) => new Adagrad(weightDecay: decay),
        ["nadam"] = (_, decay) => new NAdam(weightDecay: decay),
        ["adafactor"] = (_, decay) => new Adafactor(decay),
        ["lamb"] = (_, decay) => new Lamb(weightDecay: decay),
        ["lars"] = (momentum, decay) => new Lars(momentum, decay),
        ["lion"] = (_, decay) => new Lion(weightDecay: decay),
    };

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => Makers.Keys;

    /// <summary>The names of those that ranks can divide parameters for.</summary>
    internal static IEnumerable<string> ElementWise
        => Makers.Where(maker => maker.Value(0, 0).IsElementWise).Select(maker => maker.Key);

    /// <summary>The optimiser of this name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="momentum">For sgd, rmsprop and lars; the others keep their own.</param>
    /// <param name="weightDecay">Weight decay.</param>
    /// <exception cref="UsageException">No such optimiser.</exception>
    public static Optimizer Create(string name, double momentum = 0.9, double weightDecay = 0)
        => Makers.TryGetValue(name, out var make) ? make(momentum, weightDecay)
            : throw new UsageException($"unknown optimizer '{name}': choose {string.Join(", ", Names.SkipLast(1))} or {Names.Last()}");
}
