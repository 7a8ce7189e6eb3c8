#!/usr/bin/env -S dotnet script
// A GAN (Goodfellow et al. 2014) paints clothes: a generator makes pictures of noise, a discriminator tells them from Fashion-MNIST's.
// Two nets, two optimisers and a loop of one's own; ranks, memory budget and checkpoints are as with the trainer.
//   ./interactive run notebooks/gan.csx -- --memory-budget 50%      (or launch -n 2)
using Interactive.Data;
using Interactive.Execution;
using Interactive.Extensions.Display;
using Interactive.Graphs;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

const int Noise = 64;
var options = CommandLine.Parse(Args, new TrainerOptions { Name = "gan", Epochs = 1, BatchSize = 128, LearningRate = 2e-4 });
var (images, _) = FashionMnist.Load();

manual_seed((long)options.Seed);
Value Convolve(Value x, long channels) => x.Conv(channels, 3, padding: 1, bias: false).BatchNorm().Relu();
var paint = new GraphBuilder("generator", new Shape(Noise, 1, 1));
var x = Convolve(paint.Input.ConvTranspose(64, 7).BatchNorm().Relu(), 32).ConvTranspose(16, 2, stride: 2);
x = Convolve(Convolve(x, 16), 16).ConvTranspose(16, 2, stride: 2);
var generator = paint.Build(Convolve(Convolve(Convolve(x, 16), 16), 16).Conv(1, 3, padding: 1));

var judge = new GraphBuilder("discriminator", images.Shape);
var y = judge.Input.Conv(16, 4, stride: 2, padding: 1).Relu();
for (var layer = 0; layer < 3; layer++) y = Convolve(y, 16);
var discriminator = judge.Build(y.Conv(32, 4, stride: 2, padding: 1).Relu().Flatten().Linear(1));

// The discriminator learns to answer 1 to pictures and 0 to paintings, the generator to paint what is answered with 1.
Tensor Judgement(Tensor answers, Tensor right) => nn.functional.binary_cross_entropy_with_logits(answers, right);
var tells = Objective.From("tells", (outputs, targets) => Judgement(outputs[0], targets[0]));
var fools = Objective.From("fools", (outputs, _) => { var answers = discriminator.forward(outputs[0]); return Judgement(answers, ones_like(answers)); });

var loop = new TrainingLoop(options);
var judging = loop.Setup(discriminator, new Adam(beta1: 0.5), tells);
var painting = loop.Setup(generator, new Adam(beta1: 0.5), fools);
var (told, fooled) = (0.0, 0.0);
while (loop.Continue(options.Epochs * (images.Count / options.BatchSize)))
    foreach (var pictures in loop.Batches(images))
        using (pictures) using (NewDisposeScope())
        {
            var (yes, no) = (ones(pictures.Count, 1, device: loop.Device), zeros(pictures.Count, 1, device: loop.Device));
            Tensor Draw() => randn(pictures.Count, Noise, 1, 1, device: loop.Device);
            Tensor painted;
            using (no_grad()) painted = generator.forward(Draw());
            told = judging.Backward([pictures.Input], [yes]) + judging.Backward([painted], [no]);
            judging.Step(options.LearningRate);

            fooled = painting.Backward([Draw()], []);
            painting.Step(options.LearningRate);
            judging.ZeroGradients(); // what the generator's loss has left there
            if (!loop.Note(told + fooled, options.LearningRate)) break;
        }
if (loop.IsMain)
{
    var paintings = Path.Combine(loop.Directory.Path, "paintings.png");
    using (no_grad()) File.WriteAllBytes(paintings, Convert.FromBase64String((string)Formatters.Format(generator.forward(randn(32, Noise, 1, 1, device: loop.Device))).Data[Mime.Png]));
    Console.WriteLine($"discriminator {told:F3}, generator {fooled:F3} after {loop.Step} steps: {paintings}");
}
loop.Dispose();
