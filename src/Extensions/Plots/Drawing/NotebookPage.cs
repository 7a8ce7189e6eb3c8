using Interactive.Extensions.Display;

namespace Interactive.Extensions.Plots;

/// <summary>
/// The page that a notebook's outputs share: plotly.js (1.2 MB) goes into it once, with the first figure. Figures after
/// that one find it there; where it is gone, or scripts are not trusted, they stay pictures.
/// </summary>
public static class NotebookPage
{
    /// <summary>
    /// An environment variable: set for a process whose figures go to a page that has the library already.
    /// </summary>
    public const string HasLibraryVariable = "INTERACTIVE_PAGE_HAS_PLOTLY";
    private const string Mark = "<!-- plotly.js -->";

    private static int hasLibrary = Environment.GetEnvironmentVariable(HasLibraryVariable) is { Length: > 0 } ? 1 : 0;

    /// <summary>True once the page has the library.</summary>
    public static bool HasLibrary => Volatile.Read(ref hasLibrary) != 0;

    /// <summary>The library for the first caller, nothing for all others.</summary>
    internal static string TakeLibrary()
        => Interlocked.Exchange(ref hasLibrary, 1) == 0 ? Mark + Plotly.ScriptElement : "";

    /// <summary>Looks at what another process has made for this page.</summary>
    public static void Note(MimeBundle bundle)
    {
        if (bundle.Data.TryGetValue(Mime.Html, out var html) && html is string text && text.Contains(Mark))
            Volatile.Write(ref hasLibrary, 1);
    }

    /// <summary>Begins a new page.</summary>
    public static void Reset() => Volatile.Write(ref hasLibrary, 0);
}
