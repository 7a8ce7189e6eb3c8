#!/usr/bin/env -S dotnet script
// The zoo's gpt learns to write like a licence: Debian's /usr/share/common-licenses, a quarter of a million characters.
//   ./interactive run notebooks/language-model.csx
//   ./interactive run notebooks/language-model.csx -- --tokenizer gpt2 --prompt "This program is"
//   ./interactive launch -n 2 notebooks/language-model.csx -- --tokenizer chars --memory-budget 50%
using Interactive.Data;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;

var arguments = Args.ToList();
var tokens = CommandLine.Take(arguments, "--tokenizer", "bpe:512");   // or chars, gpt2, a file
var prompt = CommandLine.Take(arguments, "--prompt", "You may convey");
var options = CommandLine.Parse(arguments, new TrainerOptions
{
    Name = "language-model", Epochs = 12, BatchSize = 16, Optimizer = "adamw", LearningRate = 3e-3, WeightDecay = 0.1, ClipNorm = 1,
});

// A text becomes a stream of token numbers, cut into windows; the end of the stream is for evaluation.
const int Context = 64;
var text = TextFiles.Read(TextFiles.In("/usr/share/common-licenses"));
var tokenizer = Tokenizer.Create(tokens, text);
var (train, valid) = TokenDataset.FromText(text, tokenizer, Context).Split(0.1);

torch.manual_seed((long)options.Seed);
var model = Zoo.Create("gpt", new ModelOptions { Context = Context, Vocabulary = tokenizer.Vocabulary, Layers = 2, Heads = 4, Width = 128 });

// Cross-entropy of the next token is the default objective; perplexity is e to its power.
var trainer = new Trainer(model, train, valid, options, metrics: [Metrics.Perplexity]);
var result = trainer.Run();
if (trainer.IsMain)
{
    Console.WriteLine($"perplexity {result["perplexity"]:F2} of {tokenizer.Vocabulary} tokens after {result.Step} steps");
    Console.WriteLine(prompt + model.Generate(tokenizer, prompt, count: 80, temperature: 0.8, topK: 40, seed: options.Seed));
}
