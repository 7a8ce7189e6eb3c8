using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Interactive.Training;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive predict RUN|model.onnx FILES…</c>: the likeliest classes of each.</summary>
internal static class PredictCommand
{
    private const int BarWidth = 20;

    // Classes, or of a net of one number that.
    private sealed record Row(string Sample, Prediction? Prediction, double Value = 0);

    public static Command Create()
    {
        var net = new Argument<string>("RUN")
        {
            Description = "a run's directory or name, latest, a kept model, or an ONNX file",
        };
        var files = new Argument<string[]>("FILES")
        {
            Description = "pictures, or .csv files: of a net that learned from a table its columns under a header, else a row of numbers for each sample",
            Arity = ArgumentArity.OneOrMore,
        };
        var top = new Option<int>("--top") { Description = "classes shown of each", DefaultValueFactory = _ => 3 };
        var csv = new Option<bool>("--csv") { Description = "one line for each sample: sample, class, probability (or sample, value)" };
        var json = new Option<bool>("--json") { Description = "one JSON object on the last line of stdout" };
        var command = new Command("predict", "Tells the classes of pictures or rows.") { net, files, top, csv, json };
        var sizes = new OnnxArguments(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(top) < 1)
                throw new UsageException($"--top must be at least 1, got {parsed.GetValue(top)}");
            if (parsed.GetValue(csv) && parsed.GetValue(json))
                throw new UsageException("give --csv or --json, not both");
            var path = parsed.GetValue(net)!;
            using var model = path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)
                ? Model.FromOnnx(path, sizes.Read(parsed)) : Model.Load(RunPath.OfModel(path));
            var rows = parsed.GetValue(files)!.SelectMany(file => Of(model, file)).ToArray();
            if (parsed.GetValue(json)) Console.WriteLine(Json(model, rows, parsed.GetValue(top)));
            else if (parsed.GetValue(csv)) PrintCsv(rows);
            else Print(model, rows, parsed.GetValue(top));
            return 0;
        });
        return command;
    }

    private static IEnumerable<Row> Of(Model model, string file)
    {
        if (!File.Exists(file)) throw new UsageException($"there is no file {file}");
        if (!file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) return [new Row(file, model.Predict(file))];
        if (model.TableColumns is not null)
        {
            var (rows, at) = model.ReadTable(file);
            using (rows) return Of(model, rows, [.. at.Select(line => $"{file}:{line}")]);
        }
        var lines = File.ReadAllLines(file).Where(l => l.Length > 0).ToArray();
        if (lines.Length == 0) throw new UsageException($"{file} holds no rows");
        var wanted = model.Graph.Input.Shape.Elements;
        return [.. lines.Select((line, i) =>
        {
            var numbers =
                line.Split(',')
                .Select(cell => float.TryParse(cell, CultureInfo.InvariantCulture, out var number) ? number
                : throw new UsageException($"{file}, line {i + 1}: '{cell}' is no number")).ToArray();
            if (numbers.Length != wanted)
                throw new UsageException($"{file}, line {i + 1}: the net takes {wanted} numbers, got {numbers.Length}");
            using var sample = tensor(numbers, model.Graph.Input.Shape.WithBatch(1));
            return Of(model, sample, [$"{file}:{i + 1}"])[0];
        })];
    }

    private static Row[] Of(Model model, Tensor samples, string[] names) => model.Graph.Output.Shape.Elements == 1
        ? [.. model.PredictNumbers(samples).Select((value, i) => new Row(names[i], null, value))]
        : [.. model.PredictBatch(samples).Select((prediction, i) => new Row(names[i], prediction))];

    private static IEnumerable<(string Name, double Probability)> Likeliest(Model model, Prediction prediction, int top)
        => prediction.Probabilities
        .Select((p, i) => (i < model.Classes.Count ? model.Classes[i] : i.ToString(CultureInfo.InvariantCulture), p))
        .OrderByDescending(c => c.p).Take(top);

    private static string Json(Model model, Row[] rows, int top) => JsonSerializer.Serialize(new
    {
        predictions = rows.Select(r => r.Prediction is null ? (object)new { sample = r.Sample, value = r.Value } : new
        {
            sample = r.Sample,
            @class = r.Prediction.Class,
            name = r.Prediction.Name,
            probability = r.Prediction.Probability,
            likeliest = Likeliest(model, r.Prediction, top)
            .Select(c => new { name = c.Name, probability = c.Probability })
        }),
    }, JsonSerializerOptions.Web);

    private static void PrintCsv(Row[] rows)
    {
        Console.WriteLine(rows[0].Prediction is null ? "sample,value" : "sample,class,probability");
        foreach (var row in rows)
            Console.WriteLine(row.Prediction is { } told
                ? string.Create(CultureInfo.InvariantCulture, $"{Quoted(row.Sample)},{Quoted(told.Name)},{told.Probability:F6}")
                : string.Create(CultureInfo.InvariantCulture, $"{Quoted(row.Sample)},{row.Value:G7}"));
    }

    private static string Quoted(string text)
        => text.AsSpan().ContainsAny(",\"\n") ? $"\"{text.Replace("\"", "\"\"")}\"" : text;

    private static void Print(Model model, Row[] rows, int top)
    {
        foreach (var row in rows)
        {
            if (row.Prediction is null)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Sample}  {row.Value:G6}"));
                continue;
            }
            Console.WriteLine(row.Sample);
            var classes = Likeliest(model, row.Prediction, top).ToArray();
            var width = classes.Max(c => c.Name.Length);
            foreach (var (name, probability) in classes)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name.PadRight(width)} {new string('█', (int)Math.Round(probability * BarWidth)).PadRight(BarWidth, '░')} {probability * 100,5:F1} %"));
        }
    }
}
