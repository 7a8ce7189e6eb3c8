#!/usr/bin/env -S dotnet script
// A net with two inputs: a picture of Fashion-MNIST and a question, "is this a …?", as a class number. It answers no or yes.
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

// A batch feeds the inputs by their names: the first is called "input".
manual_seed((long)options.Seed);
var net = new GraphBuilder("question", images.Shape);
var question = net.AddInput("question", new Shape(), ScalarType.Int64);
var seen = net.Input.Conv(16, 3, stride: 2, padding: 1).Relu();
for (var layer = 0; layer < 4; layer++) seen = seen.Conv(16, 3, padding: 1, bias: false).BatchNorm().Relu();
seen = seen.Flatten().Linear(64);
var asked = question.Embedding(images.Classes, 64);
var model = net.Build(seen.Concat(asked).Linear(64).Relu().Linear(2));

var trainer = new Trainer(model, train, test, options);
var result = trainer.Run();
if (trainer.IsMain) Console.WriteLine($"{result.Accuracy:P1} of {test.Count} questions answered right after {result.Step} steps");

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
        return new Batch([new("input", batch.Input.alias()), new("question", tensor(questions))],
            [new("answer", tensor(classes.Zip(questions, (own, asked) => own == asked ? 1L : 0).ToArray()))]);
    }
}
