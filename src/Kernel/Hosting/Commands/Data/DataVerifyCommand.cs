using System.CommandLine;
using System.Text.Json;
using Interactive.Data;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data verify SOURCE [--json]</c></summary>
internal static class DataVerifyCommand
{
    public static Command Create()
    {
        var source = DataCommand.Source();
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("verify", "Reads and decodes every picture and compares shards with their hashes; exits with 1 where something is wrong.") { source, json };
        command.SetAction(parsed =>
        {
            var text = parsed.GetValue(source)!;
            var data = Dataset.FromImages(text);
            List<string> problems = [.. Dataset.Problems(text)];
            problems.AddRange(Damaged(data));
            foreach (var problem in problems) Console.Error.WriteLine(problem);
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new { samples = data.Count, problems },
                JsonSerializerOptions.Web));
            else Console.WriteLine(problems.Count == 0 ? $"{data.Count} pictures, all whole"
                : $"{data.Count} pictures, {problems.Count} problem{(problems.Count == 1 ? "" : "s")}");
            return problems.Count == 0 ? 0 : 1;
        });
        return command;
    }

    private static IEnumerable<string> Damaged(IDataset<EncodedImage> data)
    {
        var images = data.Images(x => x);
        var lines = new string?[data.Count];
        Parallel.For(0, data.Count, i =>
        {
            try { images.Sample(i).Dispose(); }
            catch (UsageException e) { lines[i] = e.Message; }
        });
        return lines.OfType<string>();
    }
}
