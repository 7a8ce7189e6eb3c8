namespace Interactive.Kernel.Scripting;

/// <summary>The outcome of one submission.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="HasValue">True when it ended with an expression or a <c>return</c>, whose value may be null.</param>
/// <param name="Value">That value.</param>
/// <param name="Error">What it threw; a <see cref="ScriptCompileException"/> when it did not compile.</param>
public sealed record ScriptResult(ScriptStatus Status, bool HasValue = false, object? Value = null,
    Exception? Error = null);
