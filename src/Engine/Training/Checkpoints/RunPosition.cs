using System.Globalization;

namespace Interactive.Training;

/// <summary>Where a run stands, as texts of a checkpoint's header.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Epoch">The epoch, 0 for the first.</param>
/// <param name="SamplesInEpoch">Samples of the epoch's order that are done; not steps, so that a run can go on with
/// another batch size.</param>
/// <param name="Samples">Samples in the data set.</param>
/// <param name="Seed">What gives the order.</param>
/// <param name="Best">The best value so far of what picks the best model.</param>
/// <param name="BestBy">What that is; null where nobody has written it down.</param>
/// <param name="Stop">Why a hook has ended the run here; null where it goes on.</param>
internal sealed record RunPosition(long Step, int Epoch, long SamplesInEpoch, long Samples, ulong Seed, double Best, string? BestBy = null, string? Stop = null)
{
    public IReadOnlyDictionary<string, string> ToTexts() => new Dictionary<string, string>
    {
        ["step"] = Step.ToString(CultureInfo.InvariantCulture),
        ["epoch"] = Epoch.ToString(CultureInfo.InvariantCulture),
        ["samples_in_epoch"] = SamplesInEpoch.ToString(CultureInfo.InvariantCulture),
        ["samples"] = Samples.ToString(CultureInfo.InvariantCulture),
        ["seed"] = Seed.ToString(CultureInfo.InvariantCulture),
        ["best"] = Best.ToString("R", CultureInfo.InvariantCulture),
        ["best_by"] = BestBy ?? "",
        ["stop"] = Stop ?? "",
    };

    /// <exception cref="InvalidDataException">A text is missing, or no number.</exception>
    public static RunPosition Of(IReadOnlyDictionary<string, string> texts)
    {
        T Number<T>(string name) where T : IParsable<T>
            => texts.TryGetValue(name, out var text) && T.TryParse(text, CultureInfo.InvariantCulture, out var number)
            ? number : throw new InvalidDataException($"the checkpoint's header has no {name}");
        string? Text(string name) => texts.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;
        return new(Number<long>("step"), Number<int>("epoch"), Number<long>("samples_in_epoch"),
            Number<long>("samples"), Number<ulong>("seed"), Number<double>("best"),
            Text("best_by"), Text("stop"));
    }

    /// <summary>
    /// The step of the epoch to go on with for a batch size: where that is another than before, the samples of a batch
    /// that was begun are run again rather than left out.
    /// </summary>
    /// <exception cref="UsageException">In mid-epoch, and the order of samples is another.</exception>
    public int StepInEpoch(int batchSize, long samples, ulong seed)
        => SamplesInEpoch == 0 || (samples, seed) == (Samples, Seed) ? (int)(SamplesInEpoch / batchSize)
            : throw new UsageException($"the checkpoint stands in mid-epoch of {Samples} samples in the order of seed {Seed}, this run has {samples} and seed {seed}: resume with the same data and --seed, or begin anew without --resume");
}
