namespace Interactive.Data;

/// <summary>One change of pictures on their way into a batch. Used from several threads.</summary>
public interface IImageStep
{
    /// <summary>Changes a picture, and its mask and boxes with it.</summary>
    /// <param name="sample">The picture.</param>
    /// <param name="random">Numbers that depend on seed, epoch, sample and step alone; draw none unless
    /// <see cref="ImageSample.IsTraining"/>.</param>
    /// <exception cref="InvalidDataException">The picture does not allow it.</exception>
    void Apply(ImageSample sample, CounterRandom random);

    /// <summary>
    /// What it does in evaluation, as a command line writes it (<c>resize=256</c>): empty for nothing, null (default)
    /// for what no text says. A kept model prepares pictures so.
    /// </summary>
    string? InEvaluation => null;
}
