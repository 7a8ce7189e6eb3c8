using XPlot.Plotly;

namespace Interactive.Extensions.Plots;

/// <summary>Bars with a foot and a breadth of their own, which XPlot's do not have and plotly.js does.</summary>
internal sealed class SpanBar : Bar
{
    /// <summary>Where each bar begins on the axis of its length.</summary>
    public double[]? @base { get; init; }
    /// <summary>How broad each is on the other axis.</summary>
    public double[]? width { get; init; }
    /// <summary>Where its text stands; "none" leaves it to hovering.</summary>
    public string? textposition { get; init; }
}
