using Interactive.Training;

namespace Interactive.Extensions.Display;

/// <summary>
/// The host of this process: the console, unless a notebook kernel or another host has put itself here.
/// </summary>
public static class DisplayHost
{
    private static IDisplayHost current = new ConsoleDisplayHost();

    /// <summary>
    /// Tells whether the code that asks is to end: set by a host that can interrupt. Formatters then pass on what an
    /// interrupt throws, and cut short what is endless; without they show exceptions in the value's place.
    /// </summary>
    public static Func<bool> IsInterrupted { get; set; } = () => false;

    /// <summary>
    /// Where values are shown; default a <see cref="ConsoleDisplayHost"/>. With any other, trainers show a live figure.
    /// </summary>
    public static IDisplayHost Current
    {
        get => Volatile.Read(ref current);
        set
        {
            Volatile.Write(ref current, value ?? throw new ArgumentNullException(nameof(value)));
            ProgressDisplay.Create = value is ConsoleDisplayHost ? ProgressDisplay.Console
                : () => new LiveTrainingHook();
        }
    }
}
