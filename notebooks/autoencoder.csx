#!/usr/bin/env -S dotnet script
// An autoencoder (Hinton and Salakhutdinov 2006) presses a picture of Fashion-MNIST into 32 numbers and paints it again.
//   ./interactive run notebooks/autoencoder.csx
//   ./interactive launch -n 2 notebooks/autoencoder.csx -- --memory-budget 50%
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;

var options = CommandLine.Parse(Args, new TrainerOptions
{
    Name = "autoencoder", Epochs = 2, BatchSize = 128, Optimizer = "adamw", LearningRate = 2e-3, WeightDecay = 0,
});
var (images, testImages) = FashionMnist.Load();
var (train, test) = (new Itself(images), new Itself(testImages));

torch.manual_seed((long)options.Seed);
var net = new GraphBuilder("autoencoder", images.Shape);
var seen = net.Input.Conv(16, 3, padding: 1, name: "encoder.1").Relu().MaxPool(2).Conv(32, 3, padding: 1, name: "encoder.2").Relu().MaxPool(2);
var code = seen.Flatten("flatten").Linear(32, name: "code");
var painted = code.Linear(32 * 7 * 7, name: "decoder.1").Relu().Reshape([32, 7, 7]).Upsample().Conv(16, 3, padding: 1, name: "decoder.2").Relu();
var model = net.Build(painted.Upsample().Conv(16, 3, padding: 1, name: "decoder.3").Relu().Conv(1, 3, padding: 1, name: "decoder.4").Flatten());

var trainer = new Trainer(model, train, test, options, objective: new MeanSquaredError(), metrics: [Metrics.RootMeanSquaredError]);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"error of a pixel {result["rmse"]:F3} deviations on {test.Count} pictures after {result.Step} steps");

/// <summary>Pictures whose target is the picture itself.</summary>
sealed class Itself(IDataSource images) : IBatchSource
{
    public int Count => images.Count;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        using var batch = ((IBatchSource)images).Read(samples, epoch, seed);
        return new Batch(batch.Input.alias(), batch.Input.flatten(1));
    }
}
