namespace Interactive.Training;

/// <summary>
/// A run whose loss or gradient is no longer a number. Its message says at which step and what helps; where in the code it was
/// found out does not.
/// </summary>
public sealed class DivergedException : InvalidOperationException
{
    internal DivergedException(string message) : base(message) { }
}
