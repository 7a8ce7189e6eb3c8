using System.ComponentModel;

namespace Interactive.Kernel.Directives;

/// <summary>
/// Hands a value that ranks have returned to the session's code, which puts it into a variable at once.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class Returned
{
    /// <summary>The value.</summary>
    public static object? Current { get; internal set; }
}
