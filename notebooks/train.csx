#!/usr/bin/env -S dotnet script
// A small residual network learns Fashion-MNIST. The same file runs alone, on N ranks and on a cluster:
//   ./interactive run notebooks/train.csx -- --epochs 2
//   ./interactive launch -n 2 notebooks/train.csx -- --epochs 2 --resume
using Interactive.Data;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;

var options = CommandLine.Parse(Args, new TrainerOptions
{
    Name = "fashion-mnist", Epochs = 6, BatchSize = 128, LearningRate = 0.2, Augmentation = new Augmentation(Padding: 2),
});
var (train, test) = FashionMnist.Load();

// A block computes what is to be added to its input (He et al. 2015).
Value Block(Value x, long width, long stride)
{
    var y = x.Conv(width, 3, stride, padding: 1, bias: false).BatchNorm().Relu();
    y = y.Conv(width, 3, padding: 1, bias: false).BatchNorm();
    var shortcut = stride == 1 ? x : x.Conv(width, 1, stride, bias: false).BatchNorm();
    return y.Add(shortcut).Relu();
}

torch.manual_seed((long)options.Seed);
var net = new GraphBuilder("resnet8", train.Shape);
var x = net.Input.Conv(16, 3, padding: 1, bias: false).BatchNorm().Relu();
x = Block(x, 16, 1);
x = Block(x, 32, 2);
x = Block(x, 64, 2);
var model = net.Build(x.AdaptiveAvgPool(1).Flatten().Linear(train.Classes));

var trainer = new Trainer(model, train, test, options);
var result = trainer.Run();
if (trainer.IsMain)
{
    Console.WriteLine($"accuracy {result.Accuracy:P2} on {test.Count} test images after {result.Step} steps");
    Console.WriteLine($"report   {Report.Write(trainer.Directory.Path)}");
}
