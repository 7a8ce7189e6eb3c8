namespace Interactive.Training;

/// <summary>
/// A learning rate as a function of the step; of nothing else, so that resuming needs no state, but for
/// <see cref="OnPlateau"/>.
/// </summary>
/// <param name="step">0 for the first step.</param>
/// <param name="total">Steps in the whole run.</param>
public delegate double LearningRate(long step, long total);
