namespace Interactive.Training;

/// <summary>
/// A run that was stopped from outside after a whole step, with a checkpoint; hosts end the process with
/// <see cref="ExitCode"/>.
/// </summary>
public sealed class TrainingStoppedException : OperationCanceledException
{
    internal TrainingStoppedException(string message, int exitCode, CancellationToken token) : base(message, token)
        => ExitCode = exitCode;

    /// <summary>130 after Ctrl-C, 143 after SIGTERM, as a shell has it; 130 after cancellation.</summary>
    public int ExitCode { get; }
}
