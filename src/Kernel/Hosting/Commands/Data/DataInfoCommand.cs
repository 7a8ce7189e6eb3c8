using System.CommandLine;
using System.Text.Json;
using Interactive.Data;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data info SOURCE [--json]</c></summary>
internal static class DataInfoCommand
{
    private const int Looked = 200;

    private sealed record Row(string Name, int Samples, float Weight);

    public static Command Create()
    {
        var source = DataCommand.Source();
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("info", "Counts pictures and classes, and looks at sizes.") { source, json };
        command.SetAction(parsed =>
        {
            var data = Dataset.FromImages(parsed.GetValue(source)!);
            Row[] classes = data.ClassOf(0) is >= 0 ? Count(data) : [];
            var (bytes, width, height) = Sizes(data);
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    samples = data.Count,
                    classes,
                    looked = bytes.Count,
                    meanBytes = bytes.Average(),
                    minWidth = width.Min(),
                    maxWidth = width.Max(),
                    minHeight = height.Min(),
                    maxHeight = height.Max()
                }, JsonSerializerOptions.Web));
            else
            {
                Console.WriteLine($"{data.Count} pictures{(classes.Length > 0 ? $" of {classes.Length} classes" : "")}");
                foreach (var row in classes) Console.WriteLine(FormattableString.Invariant($"  {row.Name,-24} {row.Samples,8}  weight {row.Weight:F3}"));
                Console.WriteLine(FormattableString.Invariant($"{bytes.Count} of them looked at: {bytes.Average() / 1024:F1} KiB each, {width.Min()} to {width.Max()} x {height.Min()} to {height.Max()} pixels"));
            }
            return 0;
        });
        return command;
    }

    private static Row[] Count(IDataset<EncodedImage> data)
    {
        var counts = Classes.Count(Classes.Of(data), data.ClassNames.Count);
        var weights = Classes.Weights(data);
        return [.. counts
            .Select((n, i) => new Row(i < data.ClassNames.Count ? data.ClassNames[i] : $"{i}", n, weights[i]))];
    }

    // Some, evenly spread: all of a large set would take long.
    private static (List<int> Bytes, List<int> Width, List<int> Height) Sizes(IDataset<EncodedImage> data)
    {
        var (bytes, width, height) = (new List<int>(), new List<int>(), new List<int>());
        var images = data.Images(x => x);
        for (var i = 0; i < Math.Min(Looked, data.Count); i++)
        {
            var at = (int)((long)i * data.Count / Math.Min(Looked, data.Count));
            using var sample = images.Sample(at);
            bytes.Add(data[at].File.Length);
            width.Add(sample.Width);
            height.Add(sample.Height);
        }
        return (bytes, width, height);
    }
}
