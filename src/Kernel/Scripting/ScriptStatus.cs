namespace Interactive.Kernel.Scripting;

/// <summary>How a submission ended.</summary>
public enum ScriptStatus
{
    /// <summary>It ran to its end.</summary>
    Ok,

    /// <summary>It did not compile: nothing ran, the session is unchanged.</summary>
    CompileError,

    /// <summary>It threw. What it had defined before stays.</summary>
    Failed,

    /// <summary>It was interrupted. What it had defined before stays.</summary>
    Interrupted,
}
