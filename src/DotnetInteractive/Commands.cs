using Microsoft.DotNet.Interactive.Commands;

namespace Interactive.DotnetInteractive;

/// <summary>
/// What <c>#!plan</c> and <c>#!memory</c> are given; the host fills the properties from the options of these names.
/// </summary>
public abstract class ModelCommand : KernelCommand
{
    /// <summary>A model of the zoo.</summary>
    public string? Model { get; set; }
    /// <summary>Samples in a batch.</summary>
    public string? Batch { get; set; }
    /// <summary>Channels x height x width.</summary>
    public string? Image { get; set; }
    /// <summary>A share or a size.</summary>
    public string? Budget { get; set; }
}

/// <summary><c>#!plan</c></summary>
public sealed class PlanCommand : ModelCommand;

/// <summary><c>#!memory</c></summary>
public sealed class MemoryCommand : ModelCommand;

/// <summary><c>#!scaling</c></summary>
public sealed class ScalingCommand : KernelCommand
{
    /// <summary>Ranks that are measured.</summary>
    public string? Ranks { get; set; }
    /// <summary>Sizes that are summed.</summary>
    public string? Sizes { get; set; }
    /// <summary>Ranks that are predicted.</summary>
    public string? Simulate { get; set; }
    /// <summary>A model of the zoo.</summary>
    public string? Model { get; set; }
    /// <summary>The network's speed.</summary>
    public string? Net { get; set; }
}

/// <summary><c>#!mpirun</c></summary>
public sealed class MpirunCommand : KernelCommand
{
    /// <summary>How many ranks.</summary>
    public string? Ranks { get; set; }
    /// <summary>The script.</summary>
    public string? Script { get; set; }
}
