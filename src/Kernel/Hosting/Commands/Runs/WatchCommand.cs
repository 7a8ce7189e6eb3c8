using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Extensions.Runs;
using Interactive.Monitoring;

namespace Interactive.Kernel.Hosting.Commands.Runs;

/// <summary><c>interactive runs watch [RUN]</c></summary>
internal static class WatchCommand
{
    private static readonly TimeSpan glance = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var (root, run) = (RunsCommand.Root(), RunsCommand.Run());
        var every = new Option<int>("--every")
        {
            Description = "tell one step in so many",
            DefaultValueFactory = _ => 1,
        };
        var command = new Command("watch", "Follows a run's numbers until it is no longer alive.") { run, root, every };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(every) < 1)
                throw new UsageException($"--every {parsed.GetValue(every)}: at least 1 is needed");
            var directory = RunDirectory.Find(parsed.GetValue(root)!, parsed.GetValue(run)!);
            Follow(directory, parsed.GetValue(every));
            Console.WriteLine($"{RunsCommand.Plain(directory.Id)} is {RunRow.StateOf(directory)}");
            return 0;
        });
        return command;
    }

    private static void Follow(RunDirectory run, int every)
    {
        var (offset, rest) = (0L, "");
        while (true)
        {
            var isLive = run.IsLive; // before reading: what it wrote last is told
            if (File.Exists(run.Metrics))
            {
                using var file = new FileStream(run.Metrics, FileMode.Open, FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete);
                if (file.Length < offset) (offset, rest) = (0, ""); // cut when it was resumed
                file.Seek(offset, SeekOrigin.Begin);
                var text = rest + new StreamReader(file).ReadToEnd();
                offset = file.Position;
                var lines = text.Split('\n');
                rest = lines[^1];
                foreach (var line in lines[..^1]) Tell(line, every);
            }
            if (!isLive) return;
            Thread.Sleep(glance);
        }
    }

    private static void Tell(string line, int every)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var numbers = document.RootElement.EnumerateObject().DistinctBy(p => p.Name).Where(p => Number(p.Value) is not null)
                .ToDictionary(p => p.Name, p => Number(p.Value)!.Value);
            if (!numbers.TryGetValue("step", out var step)) return;
            if (document.RootElement.GetProperty("kind").ValueEquals("eval"))
                Console.WriteLine(FormattableString.Invariant($"step {step}  ")
                    + string.Join("  ",
                    numbers.Where(n => n.Key is not ("step" or "epoch"))
                    .Select(n => $"test {RunsCommand.Plain(n.Key)} {RunRow.Number(n.Value)}")));
            else if (step % every == 0)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step}  loss {numbers.GetValueOrDefault("loss", double.NaN):F4}  {numbers.GetValueOrDefault("samplesPerSecond"):F0} samples/s"));
        }
        // no line of a run
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException) { }
    }

    // As the run writes it: NaN and infinite ones are texts.
    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.GetString() is "NaN" or "Infinity" or "-Infinity" => double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
        _ => null,
    };
}
