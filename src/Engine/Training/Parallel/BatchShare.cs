namespace Interactive.Training;

/// <summary>Which part of every batch a rank reads.</summary>
/// <param name="Part">Number of the part.</param>
/// <param name="Parts">How many parts there are.</param>
/// <param name="Counts">Whether this rank speaks for its part, which others may read too.</param>
public readonly record struct BatchShare(int Part, int Parts, bool Counts);
