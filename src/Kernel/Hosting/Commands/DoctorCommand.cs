using Interactive.Kernel.Hosting.Tables;
using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive doctor [--precision|--kernels] [--json]</c></summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var gradients = new Option<bool>(Doctor.GpuSums)
        {
            Description = "only where gradients on a GPU are summed, as a rank sees it",
            Hidden = true,
        };
        var precision = new Option<bool>("--precision")
        {
            Description = "the rules of mixed precision instead: in which type each kind of op runs",
        };
        var kernels = new Option<bool>("--kernels")
        {
            Description = "how fast the engine's kernels and libtorch's are here instead, and which are taken",
        };
        var command = new Command("doctor",
            "Tells what this machine has and what is missing.") { json, gradients, precision, kernels };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(gradients))
            {
                Console.WriteLine(Doctor.GpuSumsOfRank());
                return 0;
            }
            if (parsed.GetValue(kernels)) return KernelTable.Print(parsed.GetValue(json));
            if (parsed.GetValue(precision)) return PrecisionTable.Print(parsed.GetValue(json));
            var report = Doctor.Examine();
            Console.WriteLine(parsed.GetValue(json) ? report.ToJson() : report.ToText());
            return report.Ok ? 0 : 1;
        });
        return command;
    }
}
