namespace Interactive.Data;

/// <summary>
/// What is done to each picture, in order: <c>x => x.RandomResizedCrop(224).Flip().Normalize(ImageNet.Mean,
/// ImageNet.Std)</c>.
/// </summary>
public sealed class ImagePipeline
{
    private readonly (string Stage, IImageStep Step)[] steps;

    private ImagePipeline((string, IImageStep)[] steps, Normalisation normalisation)
        => (this.steps, Normalisation) = (steps, normalisation);

    /// <summary>No steps, and numbers from 0 to 1.</summary>
    public static ImagePipeline Empty { get; } = new([], Normalisation.None);

    /// <summary>How bytes become numbers at the end.</summary>
    public Normalisation Normalisation { get; }

    /// <summary>Stands for steps that no text says.</summary>
    internal const string Own = "own";

    /// <summary>
    /// What the steps do in evaluation, as a command line writes it; <see cref="Own"/> where one of them is written in
    /// no such way.
    /// </summary>
    internal string InEvaluation
        => steps.Any(s => s.Step.InEvaluation is null) ? Own
        : string.Join(',', steps.Select(s => s.Step.InEvaluation).Where(text => text!.Length > 0));

    /// <summary>
    /// Adds a step. Each draws random numbers of its own, by its kind and how many of its kind come before: another
    /// step in front changes none of them.
    /// </summary>
    public ImagePipeline Then(IImageStep step) => Then(step.GetType().Name, step);

    /// <summary>Adds a function as a step.</summary>
    /// <param name="name">Names its random numbers.</param>
    /// <param name="change">As <see cref="IImageStep.Apply"/>.</param>
    public ImagePipeline Then(string name, Action<ImageSample, CounterRandom> change)
        => Then(name, new FunctionStep(change));

    private ImagePipeline Then(string name, IImageStep step)
        => new([.. steps,
        ($"{name} {steps.Count(s => s.Stage.StartsWith($"{name} ", StringComparison.Ordinal))}", step)], Normalisation);

    /// <summary>(byte / 255 - mean) / deviation, channel by channel.</summary>
    public ImagePipeline Normalize(Normalisation normalisation) => new(steps, normalisation);

    /// <summary>The same with the numbers themselves, such as <see cref="ImageNet"/>'s.</summary>
    public ImagePipeline Normalize(IReadOnlyList<float> mean, IReadOnlyList<float> deviation)
        => Normalize(new Normalisation(mean, deviation));

    /// <summary>Runs all steps.</summary>
    internal void Run(ImageSample sample)
    {
        foreach (var (stage, step) in steps) step.Apply(sample, sample.Pass.Random(sample.Number, stage));
    }

    private sealed class FunctionStep(Action<ImageSample, CounterRandom> change) : IImageStep
    {
        public void Apply(ImageSample sample, CounterRandom random) => change(sample, random);
    }
}
