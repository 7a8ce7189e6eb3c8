namespace Interactive.Extensions.Plots;

/// <summary>plotly.js, embedded so that pages work without a network.</summary>
public static class Plotly
{
    private static readonly Lazy<string> Text = new(() =>
    {
        using var stream = typeof(Plotly).Assembly.GetManifestResourceStream("plotly.js")!;
        return new StreamReader(stream).ReadToEnd();
    });

    /// <summary>A script element with the whole library (1.2 MB): put it once into a page.</summary>
    public static string ScriptElement => $"<script>{Text.Value}</script>";
}
