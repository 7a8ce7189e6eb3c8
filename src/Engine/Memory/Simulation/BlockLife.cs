namespace Interactive.Memory;

/// <summary>The life of one block of bytes over a schedule.</summary>
/// <param name="Value">The value whose data or gradient it held first.</param>
/// <param name="IsGradient">A gradient, not the value's data.</param>
/// <param name="IsRemade">Made by a second run: the value had been dropped.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Birth">Index of the step that made it.</param>
/// <param name="Death">Index of the step that freed it.</param>
public readonly record struct BlockLife(int Value, bool IsGradient, bool IsRemade, long Bytes, int Birth, int Death);
