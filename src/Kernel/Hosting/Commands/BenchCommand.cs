using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench …</c></summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measures this machine.")
    {
        BenchAllReduceCommand.Create(),
    };
}
