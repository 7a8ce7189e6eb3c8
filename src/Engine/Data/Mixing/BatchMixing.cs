namespace Interactive.Data;

/// <summary>
/// Training pictures mixed with each other, and their classes with them. In evaluation nothing is mixed. Neighbours in
/// the epoch's order are a pair (timm's pair mode), so nothing is read twice, and a batch does not depend on ranks.
/// </summary>
public static class BatchMixing
{
    /// <summary>
    /// MixUp (Zhang et al. 2018): each of a pair becomes a weighted mean of both. The target becomes (batch, classes)
    /// fp32, shares of the classes, which cross-entropy takes.
    /// </summary>
    /// <param name="source">Samples of fp32 numbers with a class each.</param>
    /// <param name="alpha">The share is drawn from Beta(alpha, alpha); default 0.2.</param>
    /// <param name="classes">Number of classes; default as many as the source has.</param>
    /// <exception cref="UsageException">alpha is not above 0, or the number of classes is not known.</exception>
    public static IBatchSource MixUp(this IBatchSource source, double alpha = 0.2, int? classes = null)
        => new PairMixing(source, "MixUp", alpha, null, classes);

    /// <summary>
    /// CutMix (Yun et al. 2019): each of a pair gets a rectangle of the other; masks of pixels get it too. The target
    /// becomes (batch, classes) fp32, shares of the classes by area.
    /// </summary>
    /// <param name="source">Pictures (batch, channels, height, width) with a class, a mask or both.</param>
    /// <param name="alpha">The share is drawn from Beta(alpha, alpha); default 1.</param>
    /// <param name="classes">Number of classes; default as many as the source has.</param>
    /// <exception cref="UsageException">alpha is not above 0, or the number of classes is not known.</exception>
    public static IBatchSource CutMix(this IBatchSource source, double alpha = 1, int? classes = null)
        => new PairMixing(source, "CutMix", null, alpha, classes);

    /// <summary>MixUp for one half of the pairs and CutMix for the other, at random.</summary>
    /// <param name="source">Pictures (batch, channels, height, width) with a class each.</param>
    /// <param name="mixUp">MixUp's alpha; default 0.2.</param>
    /// <param name="cutMix">CutMix's alpha; default 1.</param>
    /// <param name="classes">Number of classes; default as many as the source has.</param>
    /// <exception cref="UsageException">An alpha is not above 0, or the number of classes is not known.</exception>
    public static IBatchSource MixUpOrCutMix(this IBatchSource source, double mixUp = 0.2, double cutMix = 1,
        int? classes = null) => new PairMixing(source, "MixUp or CutMix", mixUp, cutMix, classes);
}
