namespace Interactive.Graphs.Ops;

/// <summary>Which gradients backward is asked for.</summary>
internal static class Gradients
{
    /// <summary>True when the gradient of a value is asked for.</summary>
    public static bool AreWanted(Value value) => value.NeedsGradient;
}
