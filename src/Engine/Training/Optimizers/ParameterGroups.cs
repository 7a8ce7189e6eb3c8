using System.Runtime.CompilerServices;

namespace Interactive.Training;

/// <summary>
/// Adds groups to an optimiser: <c>new AdamW().Group("head.*", learningRateScale: 10).NoDecayOnBiasesAndNorms()</c>. A
/// parameter may be in several groups as long as no two of them set the same thing; one in no group has the optimiser's
/// own settings.
/// </summary>
public static class ParameterGroups
{
    /// <summary>Gives the parameters whose name fits a pattern settings of their own.</summary>
    /// <param name="optimizer">The optimiser; returned.</param>
    /// <param name="pattern">For the whole name: <c>*</c> is any text, <c>?</c> one letter.</param>
    /// <param name="learningRateScale">Factor on the schedule's rate; null leaves it.</param>
    /// <param name="weightDecay">In place of the optimiser's; null leaves it.</param>
    /// <param name="momentum">In place of the optimiser's; null leaves it.</param>
    /// <exception cref="UsageException">Nothing is set, or out of range.</exception>
    public static T Group<T>(this T optimizer, string pattern, double? learningRateScale = null,
        double? weightDecay = null, double? momentum = null) where T : Optimizer
        => Add(optimizer,
        ParameterGroup.Of(pattern) with
        {
            LearningRateScale = learningRateScale,
            WeightDecay = weightDecay,
            Momentum =
        momentum
        });

    /// <summary>Gives the parameters that meet a condition settings of their own.</summary>
    /// <param name="optimizer">The optimiser; returned.</param>
    /// <param name="selects">The condition, on name and tensor.</param>
    /// <param name="learningRateScale">Factor on the schedule's rate; null leaves it.</param>
    /// <param name="weightDecay">In place of the optimiser's; null leaves it.</param>
    /// <param name="momentum">In place of the optimiser's; null leaves it.</param>
    /// <param name="name">How messages call the group; default the condition's text.</param>
    /// <exception cref="UsageException">Nothing is set, or out of range.</exception>
    public static T Group<T>(this T optimizer, Func<NamedParameter, bool> selects, double? learningRateScale = null,
        double? weightDecay = null, double? momentum = null,
        [CallerArgumentExpression(nameof(selects))] string name = "") where T : Optimizer
        => Add(optimizer,
        new ParameterGroup(name,
        selects)
        { LearningRateScale = learningRateScale, WeightDecay = weightDecay, Momentum = momentum });

    /// <summary>
    /// The same, as one reads it where a trainer hands out its parameters: <c>groups => groups.Where(p =>
    /// p.Name.EndsWith("bias"), weightDecay: 0)</c>.
    /// </summary>
    /// <inheritdoc cref="Group{T}(T, Func{NamedParameter, bool}, double?, double?, double?, string)"/>
    public static T Where<T>(this T optimizer, Func<NamedParameter, bool> selects, double? learningRateScale = null,
        double? weightDecay = null, double? momentum = null,
        [CallerArgumentExpression(nameof(selects))] string name = "") where T : Optimizer
        => optimizer.Group(selects, learningRateScale, weightDecay, momentum, name);

    /// <summary>Takes weight decay off all vectors and scalars: biases, and the scales and shifts of norms.</summary>
    public static T NoDecayOnBiasesAndNorms<T>(this T optimizer) where T : Optimizer
        => Add(optimizer,
        new ParameterGroup("biases and norms", parameter => parameter.Parameter.dim() <= 1) { WeightDecay = 0 });

    /// <summary>
    /// Demands that every parameter is in a group: one that is in none is then refused, not stepped with the
    /// optimiser's own settings.
    /// </summary>
    public static T EveryParameterInAGroup<T>(this T optimizer) where T : Optimizer
    {
        optimizer.NeedsGroups = true;
        return optimizer;
    }

    private static T Add<T>(T optimizer, ParameterGroup group) where T : Optimizer
    {
        optimizer.Add(group);
        return optimizer;
    }
}
