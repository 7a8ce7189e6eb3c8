#!/usr/bin/env -S dotnet script
// How heavy is a penguin? A small net tells from species, island, sex and the measures of bill and flipper (344 penguins of Palmer
// Station, Antarctica: Gorman, Williams and Fraser 2014; Horst, Hill and Gorman 2020, CC0).
//   ./interactive run notebooks/regression.csx
//   ./interactive launch -n 2 notebooks/regression.csx -- --memory-budget 50%
using System.Runtime.CompilerServices;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;

static string Beside(string name, [CallerFilePath] string script = "") => Path.Combine(Path.GetDirectoryName(script)!, name);

var options = CommandLine.Parse(Args, new TrainerOptions
{
    Name = "regression", Epochs = 100, BatchSize = 32, Optimizer = "adamw", LearningRate = 1e-2, WeightDecay = 0.01,
});

// Columns of numbers are standardised by the training rows, columns of categories stand one-hot.
var penguins = TableDataset.FromCsv(Beside("penguins.csv"), target: "body_mass_g", skipMissing: true, standardiseTarget: true);
var (train, valid) = penguins.Split(validation: 0.2);

torch.manual_seed((long)options.Seed);
var net = new GraphBuilder("penguins", train.Shape);
var model = net.Build(net.Input.Linear(32).Relu().Linear(32).Relu().Linear(1));

var trainer = new Trainer(model, train, valid, options, objective: new MeanSquaredError(),
    metrics: [Metrics.R2, Metrics.RootMeanSquaredError], hooks: [new EarlyStopping("r2", patience: 20)]);
var result = trainer.Run();
if (trainer.IsMain)
    Console.WriteLine($"R2 {result["r2"]:F3}, error {result["rmse"] * train.TargetDeviation:F0} g on {valid.Count} penguins after {result.Step} steps");
