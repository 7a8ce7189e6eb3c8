namespace Interactive.Graphs.Tracing;

/// <summary>Something that operators in a row cannot say, met at one call.</summary>
/// <param name="span">The innermost module in which it was met; null for the outermost.</param>
/// <param name="why">One line.</param>
internal sealed class TraceFailure(ModuleSpan? span, string why) : Exception(why)
{
    public ModuleSpan? Span => span;
}
