#!/usr/bin/env -S dotnet script
// A ResNet-18 that has learned ImageNet comes as an ONNX file out of a NuGet package, and learns to tell the photographs of a Debian
// package apart (apt-get install tuxpaint-stamps-default). The tuned net goes out as ONNX again.
//   ./interactive run notebooks/photos.csx
//   ./interactive launch -n 2 notebooks/photos.csx -- --memory-budget 40%
#r "nuget: Microsoft.ML.DnnImageFeaturizer.ResNet18, 0.24.0"
using Interactive.Collectives;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Onnx;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

var arguments = Args.ToList();
var folder = CommandLine.Take(arguments, "--folder", "/usr/share/tuxpaint/stamps", "a folder with a subfolder a class");
var classes = CommandLine.Take(arguments, "--classes", "animals,food,plants,town,vehicles", "its subfolders, or all").Split(',');
var options = CommandLine.Parse(arguments, FineTuning.Defaults with { Name = "photos", Epochs = 3, BatchSize = 16 });

// The net wants bytes, 0 to 255; a picture here is a share of one.
var bytes = new Normalisation([0, 0, 0], [1 / 255f, 1 / 255f, 1 / 255f]);
var (train, test) = ImageFolder.Load(folder, 224, normalisation: bytes, classes: classes is ["all"] ? null : classes);

var models = Path.Combine(Path.GetDirectoryName(typeof(Microsoft.ML.ResNet18Extension).Assembly.Location)!, "../../tools/DnnImageModels");
var net = Graph.Trace(new Featurizer(models), zeros(2, 3, 224, 224));
var model = net.FineTune(train, test, options); // an epoch of the new head alone, then of everything
if (World.Current.Rank == 0)
{
    Console.WriteLine($"{model.Metrics["accuracy"]:P1} of {test.Count} photographs are told apart, of {string.Join(", ", model.Classes)}");
    Console.WriteLine($"{Path.GetFileName(test.Files[0])}: {model.Predict(test.Files[0])}");
    model.ToOnnx(Path.Combine(options.Out, "photos.onnx"));
}

/// <summary>The package's two files in a row: blue first and less the mean picture, then the net; 512 features come out.</summary>
sealed class Featurizer : nn.Module<Tensor, Tensor>
{
    private readonly Graph prepare, net;

    public Featurizer(string models) : base("resnet18")
    {
        prepare = Graph.FromOnnx($"{models}/ResNetPrepOnnx/ResNetPreprocess.onnx");
        net = Graph.FromOnnx($"{models}/ResNet18Onnx/ResNet18.onnx");
        RegisterComponents();
    }

    public override Tensor forward(Tensor picture) => net.call(prepare.call(picture)).flatten(1);
}
