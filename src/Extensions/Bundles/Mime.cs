namespace Interactive.Extensions.Display;

/// <summary>The MIME types in which values are shown.</summary>
public static class Mime
{
    /// <summary>Plain text: every bundle has it.</summary>
    public const string Text = "text/plain";
    /// <summary>HTML that needs no network, and shows a picture where scripts are not trusted.</summary>
    public const string Html = "text/html";
    /// <summary>A PNG picture, as base64 in a bundle.</summary>
    public const string Png = "image/png";
    /// <summary>Plotly's figure object.</summary>
    public const string Plotly = "application/vnd.plotly.v1+json";
}
