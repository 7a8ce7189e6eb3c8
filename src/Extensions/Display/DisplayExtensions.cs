namespace Interactive.Extensions.Display;

/// <summary>Showing values from code: <c>figure.Display()</c>.</summary>
public static class DisplayExtensions
{
    /// <summary>
    /// Shows a value where the process shows things: in the notebook cell that runs, else as text on stdout.
    /// </summary>
    public static DisplayedValue Display(this object? value)
    {
        var host = DisplayHost.Current;
        return new(host, host.Display(Formatters.Format(value)));
    }
}
