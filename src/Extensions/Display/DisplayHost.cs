using Interactive.Training;

namespace Interactive.Extensions.Display;

/// <summary>The host of this process: the console, unless a notebook kernel or another host has put itself here.</summary>
public static class DisplayHost
{
    private static IDisplayHost current = new ConsoleDisplayHost();

    /// <summary>Where values are shown; default a <see cref="ConsoleDisplayHost"/>. With any other, trainers show a live figure.</summary>
    public static IDisplayHost Current
    {
        get => Volatile.Read(ref current);
        set
        {
            Volatile.Write(ref current, value ?? throw new ArgumentNullException(nameof(value)));
            ProgressDisplay.Create = value is ConsoleDisplayHost ? ProgressDisplay.Console : () => new LiveTrainingHook();
        }
    }
}
