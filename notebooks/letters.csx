#!/usr/bin/env -S dotnet script
// Which letter was that? In KLettres (apt-get install klettres-data) speakers of fifteen languages say their alphabets, a voice each. A small
// net learns from all of them but one, and is then asked about the voice, and the language, that it has never heard.
//   ./interactive run notebooks/letters.csx
//   ./interactive run notebooks/letters.csx -- --held nds
//   ./interactive launch -n 2 notebooks/letters.csx -- --memory-budget 40%
using System.Xml.Linq;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;

var arguments = Args.ToList();
var folder = CommandLine.Take(arguments, "--folder", "/usr/share/klettres", "KLettres' sounds");
var held = CommandLine.Take(arguments, "--held", "de", "the language that is kept for evaluation");
var options = CommandLine.Parse(arguments, new TrainerOptions
{
    Name = "letters", Epochs = 40, BatchSize = 32, Optimizer = "adamw", LearningRate = 3e-3, WeightDecay = 0.05, Schedule = "onecycle",
});

// A language's list says which file is which letter. Letters beyond A to Z are left out, which few languages have.
var letters = Enumerable.Range('A', 26).Select(c => $"{(char)c}").ToArray();
IDataset<EncodedSound> Alphabets(Func<string, bool> languages)
{
    var said = from list in Directory.EnumerateFiles(folder, "sounds.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
               from sound in XDocument.Load(list).Descendants("alphabet").Elements("sound")
               let file = Path.Combine(folder, (string)sound.Attribute("file")!)
               let letter = Array.IndexOf(letters, (string)sound.Attribute("name")!)
               where letter >= 0 && languages(Path.GetFileName(Path.GetDirectoryName(list)!)) && File.Exists(file)
               select new EncodedSound(File.ReadAllBytes(file), letter, file);
    return Dataset.Of(said.ToArray(), sound => sound.Class, letters);
}

// Without the silence around it a letter fits into 0.8 seconds; in training each is said faster or slower, louder or quieter.
AudioBatches Sounds(Func<string, bool> languages)
    => Alphabets(languages).Audio(x => x.Resample(16000).Trim(30).Speed(0.15).Seconds(0.8).Gain(3).LogMel(bands: 40));
var (train, test) = (Sounds(language => language != held), Sounds(language => language == held));

torch.manual_seed((long)options.Seed);
var net = new GraphBuilder("letters", train.Shape);
var x = net.Input.GroupNorm(1, name: "loudness"); // a quiet voice is as good as a loud one
x = x.Conv(32, 5, stride: 2, padding: 2, bias: false).BatchNorm().Relu();
for (var block = 0; block < 5; block++)
    x = x.Add(x.Conv(32, 3, padding: 1, bias: false).BatchNorm()).Relu();
var model = net.Build(x.AdaptiveAvgPool((4, 5)).Flatten().Dropout(0.4).Linear(train.Classes, name: "letter"));

var trainer = new Trainer(model, train, test, options, metrics: [Metrics.Accuracy, Metrics.TopK(3)]);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P1} of the {test.Count} letters of '{held}' are told, {result["top3"]:P1} are among three guesses, after {result.Step} steps with {train.Count} letters of other voices");
