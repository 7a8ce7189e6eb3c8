#!/usr/bin/env -S dotnet script
// A module of one's own with two inputs: do two pictures of Fashion-MNIST show the same kind of clothes? Both go through one
// encoder with shared weights (a Siamese net, Bromley et al. 1993).
//   ./interactive run notebooks/two-inputs.csx
//   ./interactive launch -n 2 notebooks/two-inputs.csx -- --memory-budget 50%
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

var options = CommandLine.Parse(Args, new TrainerOptions
{
    Name = "two-inputs", Epochs = 2, BatchSize = 128, Optimizer = "adamw", LearningRate = 2e-3,
});
var (images, testImages) = FashionMnist.Load();
var (train, test) = (new Pairs(images), new Pairs(testImages));

// What the module does is recorded on an example and becomes a graph, which can be planned like any other.
manual_seed((long)options.Seed);
var model = Graph.Trace(new SameKind(), zeros(2, 1, 28, 28), zeros(2, 1, 28, 28));

var trainer = new Trainer(model, train, test, options);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P1} of {test.Count} pairs told right after {result.Step} steps");

sealed class SameKind : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> encoder = nn.Sequential(nn.Conv2d(1, 16, 3, stride: 2, padding: 1L), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride: 2, padding: 1L), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 7 * 7, 64));
    private readonly nn.Module<Tensor, Tensor> judge = nn.Linear(64, 2);

    public SameKind() : base("same_kind") => RegisterComponents();

    public override Tensor forward(Tensor left, Tensor right)
    {
        var difference = encoder.forward(left) - encoder.forward(right);
        return judge.forward(difference * difference);
    }
}

/// <summary>Sample i is picture i beside another, of the same class every other time; class 1 where they are of the same.</summary>
sealed class Pairs(IDataSource images) : IBatchSource
{
    private readonly ILookup<long, int> byClass = Enumerable.Range(0, images.Count).ToLookup(i => images.Read(i, new float[784]));

    public int Count => images.Count;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        using var left = ((IBatchSource)images).Read(samples);
        var others = new int[samples.Length];
        for (var i = 0; i < others.Length; i++)
        {
            var random = new CounterRandom(seed, (ulong)(epoch ?? 0) << 32 | (uint)samples[i]);
            var same = byClass[left.Target[i].item<long>()];
            others[i] = random.Next(2) == 0 ? random.Next(Count) : same.ElementAt(random.Next(same.Count()));
        }
        using var right = ((IBatchSource)images).Read(others);
        return new Batch([new("left", left.Input.alias()), new("right", right.Input.alias())], [new("same", left.Target.eq(right.Target).to(ScalarType.Int64))]);
    }
}
