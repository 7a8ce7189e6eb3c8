namespace Interactive.Graphs.Tracing;

/// <summary>Where a tensor of a trace comes from.</summary>
internal enum RefKind { Input, Parameter, Buffer, Constant, Result }

/// <summary>A tensor of a trace, named so that two runs of one module give it the same name.</summary>
/// <param name="Kind">Where it comes from.</param>
/// <param name="Index">Which input, parameter, buffer or constant; or the step that made it.</param>
/// <param name="Part">Which result of that step, elements of lists counted singly.</param>
internal readonly record struct TensorRef(RefKind Kind, int Index, int Part = 0)
{
    /// <summary>Made by the run, or given to it.</summary>
    public bool IsFlowing => Kind is RefKind.Input or RefKind.Result;
}
