#!/usr/bin/env -S dotnet script
// The zoo's unet learns to cut icons out of their background: Debian's Adwaita icons (apt-get install adwaita-icon-theme), each laid
// over a random colour; its alpha channel is the mask.
//   ./interactive run notebooks/segmentation.csx
//   ./interactive launch -n 2 notebooks/segmentation.csx -- --memory-budget 50%
using Interactive.Data;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;

var arguments = Args.ToList();
var folder = CommandLine.Take(arguments, "--folder", "/usr/share/icons/Adwaita/48x48");
var options = CommandLine.Parse(arguments, new TrainerOptions
{
    Name = "segmentation", Epochs = 2, BatchSize = 16, Optimizer = "adamw", LearningRate = 1e-3,
});

// Input (3, 32, 32), target (32, 32): 1 where the icon is, 0 where the background shows.
var (train, valid) = AlphaMasks.Load(folder, size: 32, validation: 0.2);

torch.manual_seed((long)options.Seed);
var model = Zoo.Create("unet", new ModelOptions { Image = train.Shape, Classes = train.Classes });

// Cross-entropy by pixel is the default objective.
var trainer = new Trainer(model, train, valid, options, metrics: [Metrics.MeanIoU, Metrics.Accuracy]);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"mean IoU {result["mean_iou"]:F3}, {result.Accuracy:P1} of the pixels right, on {valid.Count} icons after {result.Step} steps");
