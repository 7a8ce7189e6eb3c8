using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench …</c>: one sub-command a benchmark.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measures this machine.")
    {
        BenchMemoryCommand.Create(),
        BenchAllReduceCommand.Create(),
        BenchArenaCommand.Create(),
        BenchCapacityCommand.Create(),
        BenchChainsCommand.Create(),
        BenchDeterministicCommand.Create(),
        BenchEnduranceCommand.Create(),
        BenchOverlapCommand.Create(),
        BenchParallelCommand.Create(),
        BenchScalingCommand.Create(),
        BenchStepCommand.Create(),
    };
}
