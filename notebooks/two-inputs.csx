#!/usr/bin/env -S dotnet script
// A module with two inputs: a picture of Fashion-MNIST and a question, "is this a …?", as a class number. It answers no or yes.
//   ./interactive run notebooks/two-inputs.csx
//   ./interactive launch -n 2 notebooks/two-inputs.csx -- --memory-budget 50%
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

var options = CommandLine.Parse(Args, new TrainerOptions
{
    Name = "two-inputs", Epochs = 1, BatchSize = 128, Optimizer = "adamw", LearningRate = 3e-3,
});
var (images, testImages) = FashionMnist.Load();
var (train, test) = (new Questions(images), new Questions(testImages));

manual_seed((long)options.Seed);
var graph = Graph.Trace(new Answering(images.Classes), [zeros(2, 1, 28, 28), zeros(2, int64)]);
var trainer = new Trainer(graph, train, test, options);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P1} of {test.Count} questions answered right after {result.Step} steps");

/// <summary>An ordinary TorchSharp module: it sees the picture, reads the question, and compares.</summary>
sealed class Answering : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> see, read, compare;

    public Answering(long classes) : base("answering")
    {
        nn.Module<Tensor, Tensor> Layer(long channels, long stride) => nn.Sequential(nn.Conv2d(channels, 16, 3, stride, padding: 1, bias: false), nn.BatchNorm2d(16), nn.ReLU());
        see = nn.Sequential(Layer(1, 2), Layer(16, 1), Layer(16, 1), Layer(16, 1), nn.Flatten(), nn.Linear(16 * 14 * 14, 64));
        read = nn.Embedding(classes, 64);
        compare = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2));
        RegisterComponents();
    }

    public override Tensor forward(Tensor picture, Tensor question) => compare.call(see.call(picture) * read.call(question));
}

/// <summary>Each picture with a question: after its own class every other time, else after any; target 1 for yes, 0 for no.</summary>
sealed class Questions(IDataSource images) : IBatchSource
{
    public int Count => images.Count;

    public Batch Read(ReadOnlySpan<int> samples, int? epoch = null, ulong seed = 0)
    {
        using var batch = ((IBatchSource)images).Read(samples, epoch, seed);
        var (classes, questions) = (batch.Target.data<long>().ToArray(), new long[samples.Length]);
        for (var i = 0; i < questions.Length; i++)
        {
            var random = new CounterRandom(seed, (ulong)(epoch + 1 ?? 0) << 32 | (uint)samples[i]); // the same on any number of ranks
            questions[i] = random.Next(2) == 0 ? classes[i] : random.Next(images.Classes);
        }
        return new Batch([new("input", batch.Input.alias()), new("input2", tensor(questions))], // the inputs' names, as the graph has them
            [new("answer", tensor(classes.Zip(questions, (own, asked) => own == asked ? 1L : 0).ToArray()))]);
    }
}
