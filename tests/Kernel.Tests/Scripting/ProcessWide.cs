namespace Interactive.Kernel.Tests.Scripting;

/// <summary>
/// Tests that touch what the whole process shares (console, exit code, memory) run alone, one after another.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWide
{
    public const string Name = "process-wide";
}
