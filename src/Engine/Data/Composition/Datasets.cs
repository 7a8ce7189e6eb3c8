namespace Interactive.Data;

/// <summary>Data sets made of others.</summary>
public static class Datasets
{
    /// <summary>What a function makes of each sample, when it is asked for.</summary>
    public static IDataset<TResult> Map<T, TResult>(this IDataset<T> source, Func<T, TResult> map)
        => new Mapping<T, TResult>(source, (sample, _, _) => map(sample), false);

    /// <summary>Samples changed at random in training and left alone in evaluation.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="change">Takes a sample and random numbers that depend on seed, epoch, sample and stage
    /// alone.</param>
    /// <param name="stage">Names the stage; each of a data set needs a name of its own.</param>
    public static IDataset<T> Augment<T>(this IDataset<T> source, Func<T, CounterRandom, T> change,
        string stage = "augment")
        => new Mapping<T, T>(source,
        (sample, index, pass) => pass.IsTraining ? change(sample, pass.Random(index, stage)) : sample, true);

    /// <summary>The samples for which a condition holds. All are read once, now.</summary>
    /// <exception cref="UsageException">None is left, or a sample cannot be read.</exception>
    public static IDataset<T> Where<T>(this IDataset<T> source, Func<T, bool> condition)
    {
        Drawn.Refuse(source);
        return new Selection<T>(source, [.. Enumerable.Range(0, source.Count).Where(i => Read(source, i, condition))]);
    }


    /// <summary>Some samples, in this order.</summary>
    /// <exception cref="UsageException">None, or one that is not there.</exception>
    public static IDataset<T> Subset<T>(this IDataset<T> source, IReadOnlyList<int> samples)
        => new Selection<T>(source, [.. samples]);

    /// <summary>The first samples, or all where there are fewer.</summary>
    public static IDataset<T> Take<T>(this IDataset<T> source, int count)
        => new Selection<T>(source, [.. Enumerable.Range(0, Math.Clamp(count, 0, source.Count))]);

    /// <summary>All but the first samples.</summary>
    public static IDataset<T> Skip<T>(this IDataset<T> source, int count)
        => new Selection<T>(source,
        [.. Enumerable.Range(Math.Clamp(count, 0, source.Count), source.Count - Math.Clamp(count, 0, source.Count))]);

    /// <summary>Two parts: a share for training and the rest, chosen at random once.</summary>
    /// <param name="source">All samples.</param>
    /// <param name="share">Of the first part, between 0 and 1.</param>
    /// <param name="seed">Another seed chooses other samples.</param>
    /// <exception cref="UsageException">A part would be empty.</exception>
    public static (IDataset<T> Train, IDataset<T> Test) Split<T>(this IDataset<T> source, double share = 0.8,
        ulong seed = 1)
    {
        var (train, test) = Parts.Random(source.Count, share, seed);
        return (new Selection<T>(source, train), new Selection<T>(source, test));
    }

    /// <summary>Two parts in which each class has its share, as nearly as whole samples allow.</summary>
    /// <param name="source">All samples; each knows its class.</param>
    /// <param name="share">Of the first part, between 0 and 1.</param>
    /// <param name="seed">Another seed chooses other samples.</param>
    /// <exception cref="UsageException">A sample's class is not known, or a class has too few samples for both
    /// parts.</exception>
    public static (IDataset<T> Train, IDataset<T> Test) SplitByClass<T>(this IDataset<T> source, double share = 0.8,
        ulong seed = 1)
    {
        var (train, test) = Parts.ByClass(Classes.Of(source), source.ClassNames, share, seed);
        return (new Selection<T>(source, train), new Selection<T>(source, test));
    }

    /// <summary>Data sets one behind the other.</summary>
    /// <exception cref="UsageException">Their classes' names differ.</exception>
    public static IDataset<T> Concat<T>(this IDataset<T> source, params IReadOnlyList<IDataset<T>> others)
        => new Concatenation<T>([source, .. others]);

    /// <summary>
    /// Data sets in shares: with weights 3 and 1, three of four samples of an epoch are the first one's.
    /// </summary>
    /// <param name="sources">The data sets.</param>
    /// <param name="weights">One each, of any sum.</param>
    /// <param name="count">Samples of an epoch; default all samples together.</param>
    /// <exception cref="UsageException">The weights do not fit.</exception>
    public static IDataset<T> Mix<T>(this IReadOnlyList<IDataset<T>> sources, IReadOnlyList<double> weights,
        int? count = null)
        => new Mixture<T>(sources, weights, count ?? sources.Sum(s => s.Count));

    /// <summary>Samples drawn by weight: one of weight 2 comes twice as often as one of weight 1.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="weights">One a sample, of any sum.</param>
    /// <param name="count">Samples of an epoch; default as many as there are.</param>
    /// <exception cref="UsageException">The weights do not fit.</exception>
    public static IDataset<T> Weighted<T>(this IDataset<T> source, IReadOnlyList<double> weights, int? count = null)
        => new WeightedDraws<T>(source, weights, count ?? source.Count);

    /// <summary>Samples drawn so that all classes come equally often.</summary>
    /// <exception cref="UsageException">A sample's class is not known.</exception>
    public static IDataset<T> Balanced<T>(this IDataset<T> source, int? count = null)
    {
        var classes = Classes.Of(source);
        var sizes = Classes.Count(classes, source.ClassNames.Count);
        return source.Weighted([.. classes.Select(c => 1.0 / sizes[c])], count);
    }

    /// <summary>Keeps samples in memory once they are read.</summary>
    /// <param name="source">The samples; what is random in them must come after.</param>
    /// <param name="bound">Bytes kept at most; default 1 GiB. What finds no room is read anew each time.</param>
    /// <param name="sizeOf">Bytes of a sample; not needed for arrays of numbers, texts and encoded images.</param>
    /// <exception cref="UsageException">The samples are random, or their size is not known.</exception>
    public static IDataset<T> Cached<T>(this IDataset<T> source, long bound = 1L << 30, Func<T, long>? sizeOf = null)
        => source.Varies ? throw new UsageException("samples that are drawn or changed at random cannot be kept: put Cached in front of what is random")
            : new CachedDataset<T>(source, bound, sizeOf ?? SampleSize.Of);

    private static bool Read<T>(IDataset<T> source, int index, Func<T, bool> condition)
    {
        try { return condition(source[index]); }
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(index, source.Origin(index), e); }
    }
}
