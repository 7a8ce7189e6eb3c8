namespace Interactive.Extensions.Display;

/// <summary>The host of this process: the console, unless a notebook kernel or another host has put itself here.</summary>
public static class DisplayHost
{
    private static IDisplayHost current = new ConsoleDisplayHost();

    /// <summary>Where values are shown; default a <see cref="ConsoleDisplayHost"/>.</summary>
    public static IDisplayHost Current
    {
        get => Volatile.Read(ref current);
        set => Volatile.Write(ref current, value ?? throw new ArgumentNullException(nameof(value)));
    }
}
