using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Kernel.Hosting.Bench;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive bench endurance</c>: what a process holds over very many steps and cells.</summary>
internal static class BenchEnduranceCommand
{
    public static Command Create()
    {
        var steps = new Option<int>("--steps") { Description = "training steps", DefaultValueFactory = _ => 10_000 };
        var cells = new Option<int>("--cells")
        {
            Description = "cells of one session that define nothing, as many of another that define names, the same text each time, and of a third with another text each time",
            DefaultValueFactory = _ => 2_000,
        };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("endurance", "Makes very many training steps and runs very many cells, and tells what the process holds meanwhile.") { steps, cells, json };
        command.SetAction(parsed =>
        {
            var (stepCount, cellCount) = (parsed.GetValue(steps), parsed.GetValue(cells));
            if (stepCount < 0 || cellCount < 0) throw new UsageException($"--steps {stepCount} --cells {cellCount}: at least 0 of each");
            var ofSteps = stepCount == 0 ? [] : Endurance.Steps(stepCount, h => Tell("steps", h));
            var ofUse = cellCount == 0 ? [] : Endurance.UsingCells(cellCount, h => Tell("cells that use", h)).GetAwaiter().GetResult();
            var ofRepetition = cellCount == 0 ? [] : Endurance.RepeatedCells(cellCount, h => Tell("cells that repeat", h)).GetAwaiter().GetResult();
            var ofDefinition = cellCount == 0 ? [] : Endurance.DefiningCells(cellCount, h => Tell("cells that define", h)).GetAwaiter().GetResult();
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(new { steps = ofSteps, usingCells = ofUse, repeatedCells = ofRepetition, definingCells = ofDefinition }, JsonSerializerOptions.Web));
            return 0;
        });
        return command;
    }

    private static void Tell(string what, Holding h) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{h.Done,8} {what}: tensors {h.TensorBytes / 1048576.0,8:F3} MiB, managed {h.ManagedBytes / 1048576.0,8:F2} MiB, resident {h.ResidentBytes / 1048576.0,8:F1} MiB"));
}
