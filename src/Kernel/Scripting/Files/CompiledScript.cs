namespace Interactive.Kernel.Scripting;

/// <summary>A script ready to run.</summary>
/// <param name="Dependencies">The files it loads with <c>#load</c>.</param>
/// <param name="Assemblies">What it refers to besides the host's own, as files to load.</param>
/// <param name="Native">Native libraries of its packages.</param>
internal sealed record CompiledScript(Submission Submission, IReadOnlyList<string> Dependencies,
    IReadOnlyList<string> Assemblies, IReadOnlyList<string> Native)
{
    /// <summary>True when a package's version may be another one at the next start.</summary>
    public bool IsFloating { get; init; }
}
