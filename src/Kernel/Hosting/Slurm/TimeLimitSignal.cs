using System.Runtime.InteropServices;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>
/// SIGUSR1, which Slurm sends a batch script some time before its limit, or before its nodes are taken.
/// </summary>
internal sealed class TimeLimitSignal : IDisposable
{
    /// <summary>Its number on Linux.</summary>
    public const int Number = 10;

    private readonly PosixSignalRegistration registration;
    private Action? then;
    private bool hasCome;

    public TimeLimitSignal() => registration = PosixSignalRegistration.Create((PosixSignal)Number, context =>
    {
        context.Cancel = true;
        HasCome = true;
        Volatile.Read(ref then)?.Invoke();
    });

    /// <summary>Whether it was sent.</summary>
    public bool HasCome { get => Volatile.Read(ref hasCome); private set => Volatile.Write(ref hasCome, value); }

    /// <summary>What is done when it comes, at once where it has come before; null for nothing any more.</summary>
    public void Then(Action? action)
    {
        Volatile.Write(ref then, action);
        if (HasCome) action?.Invoke();
    }

    public void Dispose() => registration.Dispose();
}
