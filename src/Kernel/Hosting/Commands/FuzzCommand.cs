using System.CommandLine;
using Interactive.Kernel.Fuzzing;
using Interactive.Kernel.Fuzzing.Targets;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive fuzz READER --count N --seed S</c></summary>
internal static class FuzzCommand
{
    public static Command Create()
    {
        var reader = new Argument<string>("READER")
        {
            Description = $"all, or one of {string.Join(", ", TargetList.All.Select(t => t.Name))}",
        };
        var count = new Option<int>("--count") { Description = "damaged files", DefaultValueFactory = _ => 2000 };
        var seed = new Option<int>("--seed")
        {
            Description = "another seed damages otherwise",
            DefaultValueFactory = _ => 1,
        };
        var first = new Option<int>("--first")
        {
            Description = "number of the first, to see one again",
            DefaultValueFactory = _ => 0,
        };
        var command = new Command("fuzz", "Gives a reader damaged files: each is read, or refused in one line, without a crash or more memory than a whole one takes.") { reader, count, seed, first };
        command.SetAction(parsed =>
        {
            var name = parsed.GetValue(reader)!;
            if (parsed.GetValue(count) < 1)
                throw new UsageException($"--count {parsed.GetValue(count)}: at least 1 is needed");
            if (parsed.GetValue(first) < 0)
                throw new UsageException($"--first {parsed.GetValue(first)}: mutants are counted from 0");
            var faults = 0;
            foreach (var target in name == "all" ? TargetList.All : [TargetList.Find(name)])
            {
                var folder = Directory.CreateTempSubdirectory($"interactive-fuzz-{target.Name}-").FullName;
                var result = Fuzzer.Run(target, folder, parsed.GetValue(count), parsed.GetValue(seed),
                    parsed.GetValue(first));
                Console.WriteLine($"{target.Name,-12} {parsed.GetValue(count)} damaged: {result.Accepted} read, {result.Refused} refused, {result.Faults.Count} faults");
                foreach (var fault in result.Faults) Console.WriteLine($"  {fault}");
                faults += result.Faults.Count;
                Directory.Delete(folder, recursive: true); // stays after a crash, with the file that brought it about
            }
            return faults == 0 ? 0 : 1;
        });
        return command;
    }
}
