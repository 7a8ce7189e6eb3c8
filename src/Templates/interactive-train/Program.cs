// Learns to tell three species of penguins apart, keeps the best net and writes it as ONNX, and its weights for PyTorch.
//   dotnet run                          dotnet run -- --epochs 40
//   dotnet run -- --memory-budget 80%   dotnet run -- --help
using Interactive;
using Interactive.Data;
using Interactive.Graphs;
using Interactive.Training;
using static TorchSharp.torch;

try
{
    var options = CommandLine.Parse(args,
        new TrainerOptions { Name = "InteractiveTrain", Epochs = 20, BatchSize = 32 });
    var table = Path.Combine(AppContext.BaseDirectory, "penguins.csv");
    var (train, test) = TableDataset.FromCsv(table, target: "species", skipMissing: true).Split();

    manual_seed((long)options.Seed);
    var net = new GraphBuilder("penguins", train.Shape);
    var graph = net.Build(net.Input.Linear(32).Relu().Linear(train.Classes));

    using var trainer = new Trainer(graph, train, test, options);
    var result = trainer.Run();
    if (!trainer.IsMain) return 0;

    using var model = Model.Load(trainer.Directory!.Path);
    model.ToOnnx("penguins.onnx");
    Weights.Save(model.Graph, "penguins.pth");
    Console.WriteLine($"accuracy {result.Accuracy:P1} after {result.Step} steps: penguins.onnx, and penguins.pth for torch.load");
    return 0;
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
