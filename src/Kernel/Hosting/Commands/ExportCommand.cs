using System.CommandLine;
using Interactive.Training;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive export RUN --format onnx</c>: a kept net in another program's form.</summary>
internal static class ExportCommand
{
    // What writes each form, and how its files end.
    private static readonly Dictionary<string, (string[] Endings, Action<Model, string, bool> Write)> Formats = new()
    {
        ["onnx"] = ([".onnx"], (model, path, fold) => model.ToOnnx(path, fold)),
        ["safetensors"] = ([".safetensors"], (model, path, _) => Weights.Save(model.Graph, path)),
        ["torch"] = ([".pth", ".pt", ".bin"], (model, path, _) => Weights.Save(model.Graph, path)),
    };

    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "a run's directory or name, latest, or a kept model" };
        var format = new Option<string>("--format")
        {
            Description = string.Join(", ", Formats.Keys),
            DefaultValueFactory = _ => "onnx",
        };
        var output = new Option<string?>("--out")
        {
            Description = "the file to write; default: the model's name in this folder",
        };
        var fold = new Option<bool>("--fold-batch-norm")
        {
            Description = "make batch norms part of the convolutions before them",
        };
        var command = new Command("export", "Writes a trained net for other programs.") { run, format, output, fold };
        command.SetAction(parsed =>
        {
            if (!Formats.TryGetValue(parsed.GetValue(format)!, out var form)) throw new UsageException($"--format is {string.Join(" or ", Formats.Keys)}, got '{parsed.GetValue(format)}'");
            if (parsed.GetValue(fold) && form.Endings[0] != ".onnx")
                throw new UsageException("--fold-batch-norm goes with --format onnx");
            if (parsed.GetValue(output) is { } given && !form.Endings.Contains(Path.GetExtension(given)))
                throw new UsageException($"--out of format {parsed.GetValue(format)} ends in {string.Join(" or ", form.Endings)}, got '{given}'");
            using var model = Model.Load(RunPath.OfModel(parsed.GetValue(run)!));
            var path = parsed.GetValue(output) ?? model.Graph.Name + form.Endings[0];
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
                throw new UsageException($"no folder {folder}");
            form.Write(model, path, parsed.GetValue(fold));
            Console.WriteLine($"{path}: {new FileInfo(path).Length} bytes");
            return 0;
        });
        return command;
    }
}
