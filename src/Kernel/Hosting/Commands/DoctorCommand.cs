using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive doctor [--json]</c></summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("doctor", "Tells what this machine has and what is missing.") { json };
        command.SetAction(parsed =>
        {
            var report = Doctor.Examine();
            Console.WriteLine(parsed.GetValue(json) ? report.ToJson() : report.ToText());
            return report.Ok ? 0 : 1;
        });
        return command;
    }
}
