using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Data;

/// <summary>
/// Rows of a table: input <c>features</c> (batch, features) fp32, and the target under its column's name: (batch, 1)
/// fp32 of a column of numbers, (batch) int64 of a column of categories. Numbers are standardised, (value - mean) /
/// deviation; a column of categories gives a 1 at its category and 0 elsewhere.
/// </summary>
public sealed class TableDataset : IBatchSource
{
    private readonly TableColumn[] features;
    private readonly TableColumn target;
    private readonly int[] rows;
    private readonly bool standardiseTarget;
    private readonly (double Mean, double Deviation)[] scales; // of the features, then of the target

    private TableDataset(TableColumn[] features, TableColumn target, bool standardiseTarget, int[] rows,
        (double, double)[]? scales = null)
    {
        (this.features, this.target, this.standardiseTarget, this.rows) = (features, target, standardiseTarget, rows);
        this.scales = scales ?? [.. features.Append(target).Select(Scale)];
    }

    /// <summary>
    /// Reads a CSV file with a header line; <c>.tsv</c> separates by tabs, and <c>.gz</c> at the end is unpacked.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="features">The columns to predict it from; default all others.</param>
    /// <param name="categories">
    /// Columns of numbers that stand for categories, such as a year. A column whose first value is no number is one
    /// anyway.
    /// </param>
    /// <param name="skipMissing">Leave rows out that lack a value (empty, NA, NaN, null, ?), instead of refusing the
    /// file; default false.</param>
    /// <param name="standardiseTarget">Standardise a target of numbers too, which makes learning easier; default false.
    /// See <see cref="TargetDeviation"/>.</param>
    /// <exception cref="UsageException">Something does not fit; the message names file, line and column.</exception>
    public static TableDataset FromCsv(string path, string target, IReadOnlyList<string>? features = null,
        IReadOnlyList<string>? categories = null,
        bool skipMissing = false, bool standardiseTarget = false)
        => Of(new CsvTable(path, Wanted(features, target), skipMissing), path, target, categories, standardiseTarget);

    /// <summary>Reads a Parquet file: its columns of numbers and texts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="target">The column to predict.</param>
    /// <param name="features">The columns to predict it from; default all others.</param>
    /// <param name="categories">Columns of numbers that stand for categories, such as a year. A column of texts is one
    /// anyway.</param>
    /// <param name="skipMissing">Leave rows out that lack a value (null or NaN), instead of refusing the file; default
    /// false.</param>
    /// <param name="standardiseTarget">As for <see cref="FromCsv"/>.</param>
    /// <exception cref="UsageException">Something does not fit; the message names file, row and column.</exception>
    public static TableDataset FromParquet(string path, string target, IReadOnlyList<string>? features = null,
        IReadOnlyList<string>? categories = null, bool skipMissing = false, bool standardiseTarget = false)
        => Of(new ParquetTable(path, Wanted(features, target), skipMissing), path, target, categories,
        standardiseTarget);

    private static string[]? Wanted(IReadOnlyList<string>? features, string target)
        => features is null ? null : [.. features, target];

    private static TableDataset Of(ITable table, string path, string target, IReadOnlyList<string>? categories,
        bool standardiseTarget)
    {
        if (!table.Names.Contains(target)) throw new UsageException($"{path}: there is no column '{target}'; the columns are {string.Join(", ", table.Names)}");
        foreach (var name in categories ?? [])
            if (!table.Names.Contains(name)) throw new UsageException($"{path}: category '{name}' is not among the columns {string.Join(", ", table.Names)}");
        TableColumn[] inputs = [.. table.Names.Where(name => name != target).Select(Column)];
        if (inputs.Length == 0) throw new UsageException($"{path}: there is no column besides the target '{target}'");
        return new(inputs, Column(target), standardiseTarget, [.. Enumerable.Range(0, table.Count)]);

        TableColumn Column(string name) => TableColumn.Of(table, name, categories?.Contains(name) == true);
    }

    /// <summary>
    /// Another file with the same columns, such as a test set of its own: its values are standardised by this one's rows,
    /// and its categories have this one's numbers.
    /// </summary>
    /// <param name="path">A CSV file, or a Parquet file (<c>.parquet</c>).</param>
    /// <param name="skipMissing">As for <see cref="FromCsv"/>.</param>
    /// <exception cref="UsageException">Something does not fit, or a category is none of this one's; the message names
    /// file, line and column.</exception>
    public TableDataset Like(string path, bool skipMissing = false)
    {
        string[] wanted = [.. features.Select(column => column.Name), target.Name];
        ITable table = path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) ? new ParquetTable(path, wanted, skipMissing)
            : new CsvTable(path, wanted, skipMissing);
        return new([.. features.Select(column => column.In(table))], target.In(table), standardiseTarget,
            [.. Enumerable.Range(0, table.Count)], scales);
    }

    /// <inheritdoc/>
    public int Count => rows.Length;
    /// <summary>One sample: the number of features.</summary>
    public Shape Shape => new(features.Sum(column => column.Width));
    /// <summary>The features by name, in their order: <c>year</c>, or <c>island=Dream</c> for a category.</summary>
    public IReadOnlyList<string> FeatureNames
        => [.. features.SelectMany(c => c.Categories?.Select(category => $"{c.Name}={category}") ?? [c.Name])];
    /// <summary>The target's categories by number; empty for a target of numbers.</summary>
    public IReadOnlyList<string> ClassNames => target.Categories ?? [];
    /// <summary>The target's categories; 1 for a target of numbers.</summary>
    public int Classes => target.Width;
    /// <summary>What is subtracted from a target of numbers; 0 where it is not standardised.</summary>
    public double TargetMean => standardiseTarget ? scales[^1].Mean : 0;
    /// <summary>
    /// By what a target of numbers is divided; 1 where it is not standardised. An error times this is in the column's
    /// own unit.
    /// </summary>
    public double TargetDeviation => standardiseTarget ? scales[^1].Deviation : 1;

    /// <inheritdoc/>
    public string? TableColumns => new TableSteps(target.Name, TargetMean, TargetDeviation,
        [.. features.Select((c, i) => new TableStep(c.Name, scales[i].Mean, scales[i].Deviation, c.Categories?.ToArray()))]).Write();

    /// <summary>
    /// Rows chosen at random to train on, and the rest to evaluate on. Both are standardised by the training rows
    /// alone.
    /// </summary>
    /// <param name="validation">Share of the rows to evaluate on; default a fifth.</param>
    /// <param name="seed">Another seed chooses other rows.</param>
    /// <exception cref="UsageException">A part would be empty.</exception>
    public (TableDataset Train, TableDataset Valid) Split(double validation = 0.2, ulong seed = 1)
    {
        var kept = Count - (int)Math.Round(validation * Count);
        if (kept <= 0 || kept >= Count)
            throw new UsageException($"a share of {validation} of {Count} rows for validation leaves one part empty");
        var order = new CounterRandom(seed, 0).Permutation(Count);
        return Of((order[..kept], order[kept..]));
    }

    /// <summary>
    /// The same where each category of the target has its share in both parts, as nearly as whole rows allow.
    /// </summary>
    /// <param name="validation">Share of the rows to evaluate on; default a fifth.</param>
    /// <param name="seed">Another seed chooses other rows.</param>
    /// <exception cref="UsageException">The target is a number, or a category has too few rows for both
    /// parts.</exception>
    public (TableDataset Train, TableDataset Valid) SplitByClass(double validation = 0.2, ulong seed = 1)
    {
        if (target.Categories is null) throw new UsageException($"the target '{target.Name}' is a number: a split by class takes categories");
        return Of(Parts.ByClass(Data.Classes.Of(this), ClassNames, 1 - validation, seed));
    }

    private (TableDataset, TableDataset) Of((int[] First, int[] Second) parts)
    {
        var train = new TableDataset(features, target, standardiseTarget, [.. parts.First.Select(i => rows[i])]);
        return (train, new(features, target, standardiseTarget, [.. parts.Second.Select(i => rows[i])], train.scales));
    }

    /// <inheritdoc/>
    public int? ClassOf(int sample) => target.Categories is null ? null : (int)target.Values[rows[sample]];

    /// <summary>Whether another one gives the same numbers for the same rows.</summary>
    internal bool IsLike(TableDataset other) => FeatureNames.SequenceEqual(other.FeatureNames) && scales.SequenceEqual(other.scales);

    /// <inheritdoc/>
    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        var width = (int)Shape.Elements;
        var input = new float[samples.Length * width];
        var targets = new float[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            var (row, at) = (rows[samples[i]], i * width);
            for (var c = 0; c < features.Length; at += features[c++].Width)
                if (features[c].Categories is null) input[at] = Standardised(features[c].Values[row], scales[c]);
                else input[at + (int)features[c].Values[row]] = 1;
            targets[i] = standardiseTarget ? Standardised(target.Values[row], scales[^1]) : (float)target.Values[row];
        }
        var y = target.Categories is null ? tensor(targets, samples.Length, 1)
            : tensor(Array.ConvertAll(targets, value => (long)value));
        return new Batch([new("features", tensor(input, samples.Length, width))], [new(target.Name, y)]);
    }

    // In 64 bits: seconds since 1970 differ by less than 32 bits can hold.
    private static float Standardised(double value, (double Mean, double Deviation) scale)
        => (float)((value - scale.Mean) / scale.Deviation);

    private (double, double) Scale(TableColumn column)
    {
        if (column.Categories is not null) return (0, 1);
        var mean = rows.Average(row => column.Values[row]);
        var deviation = Math.Sqrt(rows.Average(row => Math.Pow(column.Values[row] - mean, 2)));
        return (mean, deviation > Math.Abs(mean) * 1e-12 ? deviation : 1); // a column that is constant gives 0, whatever rounding leaves
    }
}
